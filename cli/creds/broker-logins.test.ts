import { pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logins, withPassword, writeLogins } from '../../adapters/logins/logins-file.ts';
import type { Welcome } from '../../bus/broker-access.ts';
import { silentLog } from '../../bus/log.ts';
import { attemptsWindowMs, perKnownMax, perLoginMax, turnEveryMs, turnsAtOnce } from '../../contracts/login-attempts.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { KnownLogins } from './broker-logins.ts';

let root: string;
let file: string;
const clock = new StepClock();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'known-logins-'));
  file = join(root, 'logins.yaml');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** One login of a program: its hash takes no time where its password is random. */
async function known(password = 'right'): Promise<KnownLogins> {
  writeLogins(file, await withPassword(new Map() as Logins, 'executor-lab', password, { isRandom: true }));
  return new KnownLogins({ clear: { anna: 'in clear' }, file, clock, log: silentLog });
}
/** Somebody thought of their password: hashed as those are, but with one iteration more than a random one instead of 50,000. */
function chosen(logins: readonly string[] = ['executor-lab']): KnownLogins {
  const salt = Buffer.alloc(12, 'salt');
  const hash = pbkdf2Sync('not right', salt, 102, 64, 'sha512');
  const entry = { mosquitto: `$7$102$${salt.toString('base64')}$${hash.toString('base64')}`, tokens: [] };
  writeLogins(file, new Map(logins.map((login) => [login, entry])));
  return new KnownLogins({ clear: {}, file, clock, log: silentLog });
}
/** The machine of the broker has two addresses here, as has everybody's. */
const owner = '127.0.0.1';
const thief = '127.0.0.2';
const far = (n: number): string => `198.51.100.${n}`;
const word = (text: string): Buffer => Buffer.from(text);

describe('the logins of a broker', () => {
  it('are those in clear and those in the file, each by its own password', async () => {
    const logins = await known();
    const cases = [
      ['anna', 'in clear', true],
      ['anna', 'right', false],
      ['executor-lab', 'right', true],
      ['executor-lab', 'in clear', false],
      ['__proto__', 'right', false],
      ['constructor', '', false],
    ] as const;
    for (const [login, password, expected] of cases)
      expect([login, (await logins.admits(login, word(password), owner)) !== 'unknown']).toEqual([login, expected]);
    expect([...logins.names].sort()).toEqual(['anna', 'executor-lab']);
  });

  it('stay what they were while the file cannot be read, and change with it when it can', async () => {
    const logins = await known();
    const welcome = await logins.admits('executor-lab', word('right'), owner);
    const mark = typeof welcome === 'string' ? '' : welcome.mark;
    writeFileSync(file, 'executor-lab: [');
    expect([logins.readAgain(), logins.isStill('executor-lab', mark), await logins.admits('executor-lab', word('right'), owner)]).toEqual([
      false,
      true,
      { mark },
    ]);
    await known('another');
    expect([logins.readAgain(), logins.isStill('executor-lab', mark), await logins.admits('executor-lab', word('right'), owner)]).toEqual([
      true,
      false,
      'unknown',
    ]);
    rmSync(file);
    expect([logins.readAgain(), await logins.admits('executor-lab', word('another'), owner), logins.names]).toEqual([true, 'unknown', ['anna']]);
  });

  it('are asked for when there are any besides those of the own process, and then for ever', async () => {
    const minted = { clear: { 'executor-lab': 'minted' }, minted: ['executor-lab'], file, clock, log: silentLog };
    const logins = new KnownLogins(minted);
    expect([logins.isAsking, logins.readAgain(), logins.isAsking]).toEqual([false, true, false]);
    expect(await logins.admits('executor-lab', word('minted'), owner)).toHaveProperty('mark');
    expect([new KnownLogins({ ...minted, minted: [] }).isAsking, (await known()).isAsking]).toEqual([true, true]);
    logins.readAgain();
    expect([logins.isAsking, logins.hasOthers]).toEqual([true, true]);
    rmSync(file);
    logins.readAgain();
    expect([logins.isAsking, logins.hasOthers, new KnownLogins(minted).isAsking]).toEqual([true, false, false]);
    writeLogins(file, new Map());
    expect(new KnownLogins(minted).isAsking).toBe(true);
    // What cannot be read was meant to keep somebody out.
    rmSync(file);
    const late = new KnownLogins(minted);
    writeFileSync(file, 'anna: [');
    late.readAgain();
    expect(late.isAsking).toBe(true);
  });
});

/** Each with another password than all before. */
let guesses = 0;
async function guess(logins: KnownLogins, address: string, times = 1): Promise<readonly Welcome[]> {
  const answers: Welcome[] = [];
  for (let at = 0; at < times; at += 1) {
    guesses += 1;
    answers.push(await logins.admits('executor-lab', word(`guess ${guesses}`), address));
  }
  return answers;
}

describe('a password that somebody chose', () => {
  const enter = (logins: KnownLogins, address: string): Promise<Welcome> => logins.admits('executor-lab', word('not right'), address);
  const wrong = (count: number): readonly Welcome[] => Array.from({ length: count }, () => 'unknown' as const);

  it('is looked at five times in a quarter of an hour for one address, and at once for any other, also right after a start', async () => {
    const logins = chosen();
    expect(await guess(logins, thief, perKnownMax + 2)).toEqual([...wrong(perKnownMax), 'busy', 'busy']);
    expect(await guess(logins, far(1), perLoginMax + 1)).toEqual([...wrong(perLoginMax), 'busy']);
    expect([await enter(logins, thief), await enter(logins, far(1))]).toEqual(['busy', 'busy']);
    expect(await enter(logins, owner)).toHaveProperty('mark');
    expect(await enter(chosen(), far(2))).toHaveProperty('mark');
    // Shown once it counts everywhere.
    expect(await enter(logins, far(1))).toHaveProperty('mark');
  });

  it('is looked at again after a quarter of an hour', async () => {
    const logins = chosen();
    await guess(logins, far(1), perLoginMax);
    clock.advance(attemptsWindowMs - 1);
    expect(await enter(logins, far(1))).toBe('busy');
    clock.advance(1);
    expect(await enter(logins, far(1))).toHaveProperty('mark');
  });

  it('is not guessed from many addresses either: they take turns, and the machine of the broker waits for none', async () => {
    const logins = chosen();
    const all = await Promise.all(Array.from({ length: turnsAtOnce + 5 }, async (_, n) => (await guess(logins, far(n)))[0]));
    expect(all.filter((answer) => answer === 'unknown')).toHaveLength(turnsAtOnce);
    expect(all.filter((answer) => answer === 'busy')).toHaveLength(5);
    expect(await enter(logins, far(100))).toBe('busy');
    expect(await enter(logins, '::ffff:127.0.0.1')).toHaveProperty('mark');
    const fresh = chosen();
    await Promise.all(Array.from({ length: turnsAtOnce }, (_, n) => guess(fresh, far(n))));
    expect(await enter(fresh, far(100))).toBe('busy');
    clock.advance(turnEveryMs);
    expect(await enter(fresh, far(100))).toHaveProperty('mark');
  });

  it('is not used up by a program that says the same wrong one for ever', async () => {
    const logins = chosen();
    for (let at = 0; at < 3 * perLoginMax; at += 1) expect(await logins.admits('executor-lab', word('of last year'), far(1))).toBe('unknown');
    expect(await enter(logins, far(1))).toHaveProperty('mark');
  });

  it('is told to come again where forty are looked at already', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `executor-n${n}`);
    const logins = chosen(names);
    const all = await Promise.all(names.map((login) => logins.admits(login, word('not right'), owner)));
    expect(all.filter((answer) => answer === 'busy')).toHaveLength(20);
    expect(await logins.admits('executor-n59', word('not right'), owner)).toHaveProperty('mark');
  });

  it('in clear is counted the same way, unless it is as long as those that we make', async () => {
    const clear = { short: 'in clear', long: 'as long as those of creds' };
    const logins = new KnownLogins({ clear, file, clock, log: silentLog });
    for (let at = 0; at < perLoginMax; at += 1)
      for (const login of ['short', 'long']) expect(await logins.admits(login, word(`guess ${at}`), far(1))).toBe('unknown');
    expect(await logins.admits('short', word(clear.short), far(1))).toBe('busy');
    expect(await logins.admits('short', word(clear.short), owner)).toHaveProperty('mark');
    expect(await logins.admits('long', word('guess'), far(1))).toBe('busy');
    expect(await logins.admits('long', word(clear.long), far(1))).toHaveProperty('mark');
  });
});

it('a random password is let in however many were wrong, from the same address too, and whoever guesses is told to wait', async () => {
  const logins = await known();
  expect((await guess(logins, owner, 200)).slice(perKnownMax)).toEqual(Array.from({ length: 200 - perKnownMax }, () => 'busy'));
  await guess(logins, far(1), 200);
  const other = await known();
  for (const each of [logins, other]) expect(await each.admits('executor-lab', word('right'), owner)).toHaveProperty('mark');
});
