import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logins, withPassword, writeLogins } from '../../adapters/logins/logins-file.ts';
import { silentLog } from '../../bus/log.ts';
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

/** One login of a program: its hash takes no time. */
async function known(password = 'right'): Promise<KnownLogins> {
  writeLogins(file, await withPassword(new Map() as Logins, 'executor-lab', password, { isRandom: true }));
  return new KnownLogins({ clear: { anna: 'in clear' }, file, clock, log: silentLog });
}
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
    for (const [login, password, expected] of cases) expect([login, (await logins.admits(login, word(password))) !== 'unknown']).toEqual([login, expected]);
    expect([...logins.names].sort()).toEqual(['anna', 'executor-lab']);
  });

  it('stay what they were while the file cannot be read, and change with it when it can', async () => {
    const logins = await known();
    const welcome = await logins.admits('executor-lab', word('right'));
    const mark = typeof welcome === 'string' ? '' : welcome.mark;
    writeFileSync(file, 'executor-lab: [');
    expect([logins.readAgain(), logins.isStill('executor-lab', mark), await logins.admits('executor-lab', word('right'))]).toEqual([false, true, { mark }]);
    await known('another');
    expect([logins.readAgain(), logins.isStill('executor-lab', mark), await logins.admits('executor-lab', word('right'))]).toEqual([true, false, 'unknown']);
    rmSync(file);
    expect([logins.readAgain(), await logins.admits('executor-lab', word('another')), logins.names]).toEqual([true, 'unknown', ['anna']]);
  });

  it('are asked for when there are any besides those of the own process, and then for ever', async () => {
    const minted = { clear: { 'executor-lab': 'minted' }, minted: ['executor-lab'], file, clock, log: silentLog };
    const logins = new KnownLogins(minted);
    expect([logins.isAsking, logins.readAgain(), logins.isAsking]).toEqual([false, true, false]);
    expect(await logins.admits('executor-lab', word('minted'))).toHaveProperty('mark');
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

  it('are not looked at any more after twenty wrong passwords, for a quarter of an hour, but for whoever has shown the right one', async () => {
    const [logins, fresh] = [await known(), await known()];
    const first = new KnownLogins({ clear: {}, file, clock, log: silentLog });
    await first.admits('executor-lab', word('right'));
    for (const each of [fresh, first]) for (let at = 0; at < 20; at += 1) expect(await each.admits('executor-lab', word(`guess ${at}`))).toBe('unknown');
    expect(await fresh.admits('executor-lab', word('right'))).toBe('busy');
    expect(await first.admits('executor-lab', word('right'))).toHaveProperty('mark');
    expect(await logins.admits('executor-lab', word('right'))).toHaveProperty('mark');
    clock.advance(15 * 60_000);
    expect(await fresh.admits('executor-lab', word('right'))).toHaveProperty('mark');
  });
});
