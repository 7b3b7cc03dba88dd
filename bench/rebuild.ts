/**
 * Rebuild: `homelab world rebuild` over one million stored events, against a pass over the same files that only splits
 * and parses. Each repetition is a process of its own; its start does not count.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { eventFile } from '../actors/observer/event-files.ts';
import { homelab } from '../test/kit/homelab-process.ts';
import type { Figure, Row } from './figure.ts';
import type { Session } from './session.ts';
import { digits, median, range, ratios } from './statistics.ts';
import { storedLines } from './stored-load.ts';

const repetitions = 10;
/** One million events: five nodes, two days. */
const nodes = 5;
const days = ['2026-01-01', '2026-01-02'] as const;
const perFile = 100_000;
const eventsCount = nodes * days.length * perFile;
/** From the issue. */
const ratioMax = 1.6;

export const rebuild: Figure = {
  name: 'rebuild',
  needs: [],
  run: async (session): Promise<readonly Row[]> => {
    session.say(`rebuild: writing ${eventsCount} events`);
    session.buildHomelab();
    const dataRoot = session.temporaryDirectory();
    const { files, bytes } = writeStore(dataRoot);
    const ours: number[] = [];
    const bare: number[] = [];
    session.say('rebuild: reading them');
    // The first is not counted: it brings the files into memory.
    for (let repetition = 0; repetition <= repetitions; repetition += 1) {
      const turns = [async () => ours.push(await replay(dataRoot)), async () => bare.push(await parse(session, files))];
      for (const turn of repetition % 2 === 0 ? turns : turns.toReversed()) await turn();
      if (repetition === 0) ours.length = bare.length = 0;
    }
    const each = ratios(ours, bare);
    return [
      {
        figure: `rebuild, ${eventsCount} events of ${Math.round(bytes / eventsCount)} bytes`,
        ours: `${digits(median(ours))} s (${Math.round(eventsCount / median(ours) / 1000)} k/s)`,
        reference: `${digits(median(bare))} s (${Math.round(eventsCount / median(bare) / 1000)} k/s)`,
        ratio: digits(median(each)),
        spread: `${range(each)}, n=${each.length}`,
        goal: `< ${ratioMax}`,
        met: median(each) < ratioMax,
      },
    ];
  },
};

function writeStore(dataRoot: string): { readonly files: readonly string[]; readonly bytes: number } {
  const files: string[] = [];
  let bytes = 0;
  for (let node = 0; node < nodes; node += 1) {
    for (const [day, date] of days.entries()) {
      const file = eventFile(join(dataRoot, 'observer'), date, `node-${node}`);
      const text = storedLines({ node: `node-${node}`, date, from: day * perFile, count: perFile }).join('');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      files.push(file);
      bytes += text.length;
    }
  }
  return { files, bytes };
}

/** Seconds. Throws when not every event was applied. */
async function replay(dataRoot: string): Promise<number> {
  const { code, stdout, stderr } = await homelab(['world', 'rebuild', '--dry-run', '--json'], { HOMELAB_ROOT: dataRoot });
  if (code !== 0) throw new Error(`homelab world rebuild: ${stderr}`);
  const { events, quarantined, seconds } = JSON.parse(stdout) as { readonly events: number; readonly quarantined: number; readonly seconds: number };
  if (events !== eventsCount || quarantined > 0) throw new Error(`homelab world rebuild applied ${events} of ${eventsCount} events and refused ${quarantined}`);
  return seconds;
}

async function parse(session: Session, files: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [session.program('parse-only'), ...files]);
  const { lines, seconds } = JSON.parse(stdout) as { readonly lines: number; readonly seconds: number };
  if (lines !== eventsCount) throw new Error(`the bare pass read ${lines} of ${eventsCount} lines`);
  return seconds;
}
