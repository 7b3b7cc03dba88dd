import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../bus/lock-file.ts';
import { readDataFiles } from './data-files.ts';
import type { Finding } from './finding.ts';
import { checkStaleFiles } from './stale-files.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'homelab-doctor-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A file that was written long ago, unless said otherwise. */
function put(path: string, text: string, ageS = 3600): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  const then = new Date(Date.now() - ageS * 1000);
  utimesSync(file, then, then);
}
async function finding(name: string): Promise<Finding | undefined> {
  return checkStaleFiles(await readDataFiles(root, Date.now())).find((each) => each.name === name);
}

describe('the data directory', () => {
  it('is all right when it is empty, and when it is not there', async () => {
    for (const directory of [root, join(root, 'nowhere')]) {
      expect(checkStaleFiles(await readDataFiles(directory, Date.now())).map(({ name, level }) => `${name}: ${level}`)).toEqual([
        'locks: ok',
        'journals: ok',
        'quarantine: ok',
        'spool: ok',
        'broker store: ok',
      ]);
    }
  });

  it('has a lock whose process lives, and one whose process is gone', async () => {
    const release = takeLock(join(root, 'observer', 'lock'), 'a test');
    expect(await finding('locks')).toMatchObject({ level: 'ok', found: '1, all held by living processes' });
    // The right process id with the wrong start: somebody else got the number since.
    put('ledger/lock', JSON.stringify({ pid: process.pid, start: '1' }));
    expect(await finding('locks')).toMatchObject({ level: 'warning', found: expect.stringContaining(join(root, 'ledger', 'lock')), mend: 'homelab up' });
    release();
  });

  it('has a journal with half a line at its end, unless it is being written', async () => {
    put('ledger/journal.jsonl', '{"a":1}\n{"b":');
    expect(await finding('journals')).toMatchObject({ level: 'warning', found: expect.stringContaining('half a line') });
    put('ledger/journal.jsonl', '{"a":1}\n{"b":', 0);
    expect(await finding('journals')).toMatchObject({ level: 'ok', found: '1 file, every line read' });
  });

  it('has broken lines in a journal and in the event store, counted and named', async () => {
    put('executor/claims.jsonl', '{"a":1}\nnonsense\n{"b":2}\nmore\n');
    put('observer/events/2026-03-01/vps/events.jsonl', '{"a":1}\n\u0000\u0000\n');
    const found = await finding('journals');
    expect(found).toMatchObject({ level: 'error', found: expect.stringContaining('3 lines cannot be read') });
    expect(found?.found).toContain(`${join(root, 'executor', 'claims.jsonl')}, line 2`);
    expect(found?.mend).toContain('sed -n 2p');
  });

  it('has a journal that cannot be read at all', async () => {
    mkdirSync(join(root, 'ledger', 'journal.jsonl'), { recursive: true });
    expect(await finding('journals')).toMatchObject({ level: 'error', found: expect.stringContaining('EISDIR') });
  });

  it('looks at the newest days of the event store only', async () => {
    put('observer/events/2026-02-01/vps/events.jsonl', 'old nonsense\n');
    for (const day of ['02', '03']) put(`observer/events/2026-03-${day}/vps/events.jsonl`, '{}\n');
    expect(await finding('journals')).toMatchObject({ level: 'ok', found: '2 files, every line read' });
  });

  it('has events in quarantine', async () => {
    put('observer/quarantine/vps.jsonl', '{"reason":"x"}\n{"reason":"y"}\n');
    expect(await finding('quarantine')).toMatchObject({ level: 'warning', found: expect.stringContaining('2 events'), mend: expect.stringContaining('less ') });
  });

  it('has spooled events: fresh ones, forgotten ones, refused ones', async () => {
    put('spool/a.json', '{}', 5);
    expect(await finding('spool')).toMatchObject({ level: 'ok', found: '1 event on the way' });
    put('spool/b.json.rejected', '{');
    expect(await finding('spool')).toMatchObject({ level: 'warning', found: expect.stringContaining('1 file refused') });
    put('spool/c.json', '{}', 600);
    expect(await finding('spool')).toMatchObject({ level: 'warning', found: '1 event of homelab emit not taken for 10 min', mend: 'homelab run node-agent' });
  });

  it('has a store of the built-in broker that was set aside', async () => {
    put('broker.corrupt-1700000000000/CURRENT', 'x');
    expect(await finding('broker store')).toMatchObject({
      level: 'warning',
      mend: expect.stringContaining(`rm -r ${join(root, 'broker.corrupt-1700000000000')}`),
    });
  });

  it('has events in outboxes, without the line that only holds numbers', async () => {
    put('ledger/outbox.jsonl', '{"next":{"urgent":1,"info":1}}\n{"source":"ledger","lane":"info","seq":4,"ts":"2026-03-01T12:00:00.000Z"}\n');
    expect((await readDataFiles(root, Date.now())).outboxLines).toEqual([{ source: 'ledger', lane: 'info', seq: 4, ts: '2026-03-01T12:00:00.000Z' }]);
  });
});
