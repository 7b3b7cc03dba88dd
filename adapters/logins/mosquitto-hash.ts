/**
 * Passwords as the password file of mosquitto 2 has them: `$7$<iterations>$<salt>$<hash>`, PBKDF2 with SHA-512, base64 (its
 * src/password_mosq.c). Pure but for random salts.
 *
 * mosquitto computes it in its only thread at each connect, so a password that nobody thought of gets few iterations: of 128 random
 * bits a dictionary has none. One that somebody chose gets many, and costs its broker the time below when they come.
 */
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** Of mosquitto_passwd: salt of 12 bytes, hash of 64. */
const saltBytes = 12;
const hashBytes = 64;
/** mosquitto_passwd takes 101 for everything. */
const iterationsOfRandom = 101;
/** 35 ms on one core of a small server, 0.1 s on a Pi; OWASP asks for 210,000, which would stop a broker for as long as a round of actors comes back. */
const iterationsOfChosen = 50_000;
/** A hash in the file that asks for more is a mistake, or an attempt to stop us. */
const iterationsMax = 1_000_000;

export const mosquittoHashPattern = /^\$7\$(\d{1,7})\$([A-Za-z0-9+/]{8,88}={0,2})\$([A-Za-z0-9+/]{86}==)$/;

/** `isRandom`: made by us, with at least 128 bits. */
export async function mosquittoHash(password: string, { isRandom }: { readonly isRandom: boolean }): Promise<string> {
  const salt = randomBytes(saltBytes);
  const iterations = isRandom ? iterationsOfRandom : iterationsOfChosen;
  const key = await derive(password, salt, iterations, hashBytes, 'sha512');
  return `$7$${iterations}$${salt.toString('base64')}$${key.toString('base64')}`;
}

/** Made by us, as far as a hash can say it: a password that somebody chose gets more iterations. */
export const isOfRandom = (hash: string): boolean => Number(mosquittoHashPattern.exec(hash)?.[1]) === iterationsOfRandom;

export async function verifyMosquittoHash(password: string, hash: string): Promise<boolean> {
  const [, iterations = '', salt = '', expected = ''] = mosquittoHashPattern.exec(hash) ?? [];
  if (salt === '' || Number(iterations) < 1 || Number(iterations) > iterationsMax) return false;
  const wanted = Buffer.from(expected, 'base64');
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), Number(iterations), wanted.length, 'sha512'), wanted);
}
