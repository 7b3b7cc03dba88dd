/**
 * Passwords as scrypt keeps them. `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, base64url: the parameters stand in each hash, so that they can be
 * raised and old hashes still be read (RFC 7914).
 *
 * Pure but for random salts. One computation at a time: twenty wrong logins at once must not take the memory of a small machine.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 2^14, 8, 5 is one of OWASP's equal choices (Password Storage Cheat Sheet): the one with the least memory, 16 MiB; 0.2 s on a small machine. */
const cost = { log2n: 14, r: 8, p: 5 } as const;
const saltBytes = 16;
const hashBytes = 32;
/** A hash in the file that asks for more than this is a mistake, or an attempt to stop us: 128 MiB. */
const memoryMax = 128 * 1024 * 1024;
const pMax = 16;

const passwordCharsMin = 10;
const passwordCharsMax = 256;

export const hashPattern = /^scrypt\$(\d{1,2})\$(\d{1,3})\$(\d{1,2})\$([\w-]{16,86})\$([\w-]{22,172})$/;

/** Of nobody: a login that does not exist takes as long as one that does. */
const nobodysHash = `scrypt$${cost.log2n}$${cost.r}$${cost.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

let turn: Promise<unknown> = Promise.resolve();

function derive(password: string, salt: Buffer, { length, ...options }: ScryptOptions & { readonly length: number }): Promise<Buffer> {
  const mine = turn.then(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        scrypt(password.normalize('NFKC'), salt, length, { ...options, maxmem: memoryMax + 1024 * 1024 }, (error, key) => {
          if (error === null) resolve(key);
          else reject(error);
        });
      }),
  );
  turn = mine.catch(() => undefined);
  return mine;
}

/** Throws when the password is too short or too long, with a line that says so. */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < passwordCharsMin || password.length > passwordCharsMax) {
    throw new Error(`a password has ${passwordCharsMin} to ${passwordCharsMax} characters, this one has ${password.length}`);
  }
  const salt = randomBytes(saltBytes);
  const { log2n, r, p } = cost;
  const key = await derive(password, salt, { N: 2 ** log2n, r, p, length: hashBytes });
  return `scrypt$${log2n}$${r}$${p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** `hash`: null for a login that there is not, or that has no password. Takes the same time then, and is false. */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  if (password.length > passwordCharsMax) return false;
  const [, log2n = '', r = '', p = '', salt = '', expected = ''] = hashPattern.exec(hash ?? nobodysHash) ?? [];
  const options = { N: 2 ** Number(log2n), r: Number(r), p: Number(p) };
  if (salt === '' || 128 * options.N * options.r > memoryMax || options.p > pMax) return false;
  const wanted = Buffer.from(expected, 'base64url');
  const key = await derive(password, Buffer.from(salt, 'base64url'), { ...options, length: wanted.length });
  return timingSafeEqual(key, wanted) && hash !== null;
}
