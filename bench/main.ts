/**
 * `npm run bench`: measures every figure of docs/bench.md on this machine and prints the table; `npm run bench -- repair`
 * only that one; `-- link --quick` or `--full` a shorter or a longer measurement, where a figure has one. Everything runs on loopback and in a private engine, and is gone at the end, also after Ctrl-C.
 *
 * Exit code: 0 measured (goals met or not: a figure is not a test), 1 something failed, 2 no such figure.
 */
import { haveChromium } from '../test/kit/browser.ts';
import { haveOpenssl } from '../test/kit/certificate.ts';
import { haveDockerd } from '../test/kit/dockerd.ts';
import { haveMosquitto } from '../test/kit/mosquitto.ts';
import { haveNetRig } from '../test/kit/net-rig.ts';
import { access } from './access.ts';
import { day } from './day.ts';
import { detection } from './detection.ts';
import type { Figure, Pace, Part, Row } from './figure.ts';
import { idleCost } from './idle-cost.ts';
import { judgementCost } from './judgement-cost.ts';
import { link } from './link.ts';
import { machineLine } from './machine-line.ts';
import { memory } from './memory.ts';
import { page } from './page.ts';
import { rebuild } from './rebuild.ts';
import { repair } from './repair.ts';
import { retained } from './retained.ts';
import { Session } from './session.ts';
import { table } from './table.ts';
import { throughput } from './throughput.ts';

const figures: readonly Figure[] = [detection, repair, throughput, rebuild, memory, idleCost, retained, day, judgementCost, link, page, access];
const have: Readonly<Record<Part, () => boolean>> = {
  chromium: haveChromium,
  dockerd: haveDockerd,
  mosquitto: haveMosquitto,
  'network namespaces': haveNetRig,
  openssl: haveOpenssl,
};

const emptyRow = { ours: '-', reference: '-', ratio: '-', spread: '-', goal: '-', met: null };

async function rowsOf(session: Session, figure: Figure, pace: Pace): Promise<{ readonly rows: readonly Row[]; readonly failed: boolean }> {
  const missing = figure.needs.filter((part) => !have[part]());
  if (missing.length > 0) return { rows: [{ ...emptyRow, figure: `${figure.name}: SKIPPED, ${missing.join(' and ')} missing` }], failed: false };
  try {
    return { rows: await session.scope((scope) => figure.run(scope, pace)), failed: false };
  } catch (error) {
    session.say(`${figure.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return { rows: [{ ...emptyRow, figure: `${figure.name}: FAILED` }], failed: true };
  }
}

/** Options and names in any order. */
function paceOf(args: readonly string[]): Pace {
  return args.includes('--quick') ? 'quick' : args.includes('--full') ? 'full' : 'usual';
}

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((each) => each !== '--quick' && each !== '--full');
  const unknown = names.filter((name) => !figures.some((figure) => figure.name === name));
  if (unknown.length > 0) {
    console.error(`bench: no figure is called ${unknown.join(', ')}; there are: ${figures.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const session = new Session();
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      session.say('stopping');
      isStopping = true;
      session.end().then(
        () => process.exit(1),
        () => process.exit(1),
      );
    });
  }
  const rows: Row[] = [];
  let code = 0;
  try {
    for (const figure of figures.filter(({ name }) => names.length === 0 || names.includes(name))) {
      // Its endings are being performed: nothing new may begin.
      if (isStopping) break;
      const measured = await rowsOf(session, figure, paceOf(args));
      rows.push(...measured.rows);
      if (measured.failed) code = 1;
    }
  } finally {
    await session.end();
  }
  console.log(`${machineLine()}\n\n${table(rows)}`);
  return code;
}

process.exitCode = await main(process.argv.slice(2));
