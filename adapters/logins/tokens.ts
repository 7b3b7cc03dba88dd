/** API tokens: 256 random bits that are shown once; the file keeps their SHA-256, which is enough for what nobody can guess. Pure but for randomness. */
import { createHash, randomBytes } from 'node:crypto';
import type { Logins, Token } from './logins-file.ts';

/** So that a scanner for secrets, and a person, can tell what it is. */
const prefix = 'homelab_';
const tokenBytes = 32;

const tokenPattern = /^homelab_[\w-]{43}$/;

export const newToken = (): string => `${prefix}${randomBytes(tokenBytes).toString('base64url')}`;

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

export type TokenSeen =
  | { readonly kind: 'known'; readonly login: string; readonly name: string }
  | { readonly kind: 'expired'; readonly login: string; readonly name: string }
  | { readonly kind: 'unknown' };

const isExpired = ({ expires }: Token, nowMs: number): boolean => expires !== undefined && Date.parse(expires) <= nowMs;

/** Whose token it is. Looking hashes up tells an attacker nothing about any token. */
export function ownerOf(logins: Logins, token: string, nowMs: number): TokenSeen {
  if (!tokenPattern.test(token)) return { kind: 'unknown' };
  const sha256 = tokenHash(token);
  for (const [login, { tokens }] of logins) {
    const found = tokens.find((each) => each.sha256 === sha256);
    if (found !== undefined) return { kind: isExpired(found, nowMs) ? 'expired' : 'known', login, name: found.name };
  }
  return { kind: 'unknown' };
}
