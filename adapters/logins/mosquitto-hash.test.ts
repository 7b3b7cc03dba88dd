import { describe, expect, it } from 'vitest';
import { mosquittoHash, mosquittoHashPattern, verifyMosquittoHash } from './mosquitto-hash.ts';

/** Made by `mosquitto_passwd -b` 2.0.11 for the password `secret`. */
const fromMosquitto = '$7$101$lufVN7Rkvux8auzM$2pawte8WjRJ1ISdR+4v3+3a7qkck5+LfAK56Zj9aCgp1NR5bW7L4e514vFx7YM19A68Nq8wqT3U5j8HY707V9g==';

describe('a password hash of mosquitto', () => {
  it('is known by its own password only', async () => {
    const hash = await mosquittoHash('a password', { isRandom: true });
    expect(hash).toMatch(mosquittoHashPattern);
    expect([await verifyMosquittoHash('a password', hash), await verifyMosquittoHash('another', hash)]).toEqual([true, false]);
    expect(await mosquittoHash('a password', { isRandom: true })).not.toBe(hash);
  });

  it('costs more when a person chose it', async () => {
    expect(await mosquittoHash('a password', { isRandom: false })).toMatch(/^\$7\$50000\$/);
  });

  it('is read as mosquitto_passwd writes it', async () => {
    expect([await verifyMosquittoHash('secret', fromMosquitto), await verifyMosquittoHash('Secret', fromMosquitto)]).toEqual([true, false]);
  });

  it.each(['', '$6$abc$def', '$7$0$AAAAAAAAAAAAAAAA$AAAA', `$7$9999999$${'A'.repeat(16)}$${'A'.repeat(86)}==`])('nobody gets in by %j', async (hash) => {
    expect(await verifyMosquittoHash('secret', hash)).toBe(false);
  });
});
