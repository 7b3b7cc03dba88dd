import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KillPoint } from '../../bus/kill-point.ts';
import { silentLog } from '../../bus/log.ts';
import { type ClaimEntry, entriesOf, foldClaims } from './claims.ts';
import { ClaimJournal } from './journal.ts';

const outcome = { ok: true, code: 'verified', message: '', began_at: null, ended_at: null, result: {} };
const claim = (nonce: string, attempt = 1, id = 'web'): ClaimEntry => ({ kind: 'claim', id, attempt, nonce, at: 1_000 });

let directory: string;
let file: string;
const opened: ClaimJournal[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claims-'));
  file = join(directory, 'claims.jsonl');
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  rmSync(directory, { recursive: true });
});

async function open(at: (point: KillPoint) => void = () => undefined) {
  const result = await ClaimJournal.open(file, { log: silentLog, at });
  opened.push(result.journal);
  return result;
}

async function written(...entries: readonly ClaimEntry[]): Promise<void> {
  const { journal } = await open();
  for (const entry of entries) await journal.append(entry);
  await journal.close();
}

describe('what is remembered', () => {
  it('survives in the order in which it was written', async () => {
    await written(
      claim('nonce-0001'),
      { kind: 'begun', nonce: 'nonce-0001', at: 2_000 },
      { kind: 'outcome', nonce: 'nonce-0001', outcome },
      { kind: 'settled', nonce: 'nonce-0001' },
    );
    expect((await open()).records).toEqual({
      web: {
        id: 'web',
        attempt: 1,
        nonce: 'nonce-0001',
        claimedAtMs: 1_000,
        steps: [{ service: null, begunAtMs: 2_000, acted: null }],
        lastBegunAtMs: null,
        outcome,
        settled: true,
      },
    });
  });

  it('is of the newest attempt, and entries of a replaced nonce change nothing', () => {
    const records = foldClaims([
      claim('nonce-0002', 2),
      claim('nonce-0001', 1),
      { kind: 'begun', nonce: 'nonce-0001', at: 2_000 },
      { kind: 'settled', nonce: 'nonce-0001' },
    ]);
    expect(records['web']).toMatchObject({ attempt: 2, nonce: 'nonce-0002', steps: [], settled: false });
  });

  it('is the same after a compaction', () => {
    const nonce = fc.constantFrom('nonce-0001', 'nonce-0002', 'nonce-0003');
    const entry: fc.Arbitrary<ClaimEntry> = fc.oneof(
      fc.record({ kind: fc.constant('claim' as const), id: fc.constantFrom('a', 'b'), attempt: fc.integer({ min: 1, max: 3 }), nonce, at: fc.nat() }),
      fc.record({ kind: fc.constant('begun' as const), nonce, at: fc.nat() }),
      fc.record({ kind: fc.constant('outcome' as const), nonce, outcome: fc.constant(outcome) }),
      fc.record({ kind: fc.constant('settled' as const), nonce }),
    );
    // One nonce belongs to one claim, as in life.
    const life = fc
      .array(entry, { maxLength: 20 })
      .map((entries) =>
        entries.filter((each, at) => each.kind !== 'claim' || !entries.slice(0, at).some((other) => other.kind === 'claim' && other.nonce === each.nonce)),
      );
    fc.assert(
      fc.property(life, (entries) => {
        expect(foldClaims(entriesOf(foldClaims(entries)))).toEqual(foldClaims(entries));
      }),
    );
  });
});

describe('a damaged file', () => {
  it('with half a line at its end loses nothing that was acknowledged', async () => {
    await written(claim('nonce-0001'));
    appendFileSync(file, '{"kind":"begun","no');
    expect((await open()).records['web']).toMatchObject({ nonce: 'nonce-0001', steps: [] });
    expect(readFileSync(file, 'utf8').endsWith('}\n')).toBe(true);
  });

  it('with a broken line takes every claim without an outcome for begun, once, and keeps the file', async () => {
    await written(claim('nonce-0001'), claim('nonce-0002', 1, 'db'), { kind: 'outcome', nonce: 'nonce-0002', outcome });
    const damaged = `${readFileSync(file, 'utf8')}garbage\n`;
    writeFileSync(file, damaged);
    const { records, journal } = await open();
    expect(records['web']?.steps).toEqual([{ service: null, begunAtMs: 1_000, acted: null }]);
    expect(records['db']?.steps).toEqual([]);
    expect(readFileSync(`${file}.broken`, 'utf8')).toBe(damaged);
    await journal.append(claim('nonce-0003', 1, 'mail'));
    await journal.close();
    expect((await open()).records['mail']?.steps).toEqual([]);
  });

  it('is compacted when it has grown, and remembers the same', async () => {
    const lines = Array.from({ length: 500 }, (_, n) => JSON.stringify(claim(`nonce-${String(n).padStart(4, '0')}`, n + 1)));
    writeFileSync(file, `${lines.join('\n')}\n`);
    expect((await open()).records['web']).toMatchObject({ attempt: 500, nonce: 'nonce-0499' });
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
  });
});

describe('an append', () => {
  it('passes the kill points of its own kind even when many are asked for at once', async () => {
    const passed: KillPoint[] = [];
    const { journal } = await open((point) => passed.push(point));
    await Promise.all([
      journal.append(claim('nonce-0001')),
      journal.append({ kind: 'begun', nonce: 'nonce-0001', at: 1 }),
      journal.append({ kind: 'settled', nonce: 'nonce-0001' }),
    ]);
    expect(passed).toEqual(
      ['claim', 'begun'].flatMap((kind) => [`executor.before-${kind}-append`, `executor.before-${kind}-fsync`, `executor.after-${kind}-fsync`]),
    );
  });

  it('that failed in the middle of a line does not spoil the next one', async () => {
    let failing = true;
    const { journal } = await open(() => {
      if (!failing) return;
      failing = false;
      // What a full disk leaves behind.
      appendFileSync(file, '{"kind":"cl');
      throw new Error('no space left on device');
    });
    await expect(journal.append(claim('nonce-0001'))).rejects.toThrow('no space left');
    await journal.append(claim('nonce-0002'));
    await journal.close();
    expect((await open()).records['web']?.nonce).toBe('nonce-0002');
  });

  it('after the close neither writes nor settles', async () => {
    const { journal } = await open();
    await journal.close();
    const late = journal.append(claim('nonce-0001')).then(
      () => 'written',
      () => 'refused',
    );
    const next = new Promise((resolve) => {
      setImmediate(() => {
        resolve('nothing');
      });
    });
    expect(await Promise.race([late, next])).toBe('nothing');
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});
