/**
 * What an hour of a site with 20 services costs on the wire when nothing happens there, and with 20 changes; and what the bridge needs in
 * memory at the site. Real actors on both sides, a stand-in engine with 20 containers.
 *
 * Bytes are the kernel's at both ends of the link: with the headers of IP and TCP, acknowledgements and whatever was sent twice. What ours
 * sends only once an hour, where the stretch is shorter than that, is weighed and added.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { linkHeartbeatMs } from '../../contracts/defaults.ts';
import { places, repository } from '../../test/kit/edge-rig.ts';
import type { Traffic } from '../../test/kit/net-link.ts';
import { type StandIn, startStandIn } from '../../test/kit/stand-in-engine-process.ts';
import { waitFor } from '../../test/kit/wait.ts';
import type { Pace } from '../figure.ts';
import type { Session } from '../session.ts';
import { residentMiB, shareMiB } from './memory.ts';
import { type Kind, Subject } from './subject.ts';
import { tickedBytes } from './tally.ts';

export interface Idle {
  readonly kind: Kind;
  /** Bytes, both ways. */
  readonly hour: number;
  /** Of these, what was weighed and not sent. */
  readonly weighed: number;
  readonly hourWithChanges: number;
  /** Of our bridge; of mosquitto's, of the whole broker. */
  readonly mib: number;
  /** The same with all that it shares: with the other processes of the bench, many of which run the same program. */
  readonly residentMiB: number;
  readonly brokerMiB: number;
}

const servicesCount = 20;
export const changesCount = 20;
const hourMs = 3_600_000;
/** A whole number of our heartbeats, so that there is neither one too many nor one too few. */
const heartbeats: Readonly<Record<Pace, number>> = { quick: 2, usual: 7, full: hourMs / linkHeartbeatMs };
/** Between two changes. */
const changeEveryMs: Readonly<Record<Pace, number>> = { quick: 3_000, usual: 20_000, full: hourMs / changesCount };
/** Verdicts after the grace of 20 s, incidents after theirs: the start is over. */
const settleMs = 90_000;
/** What only ticks has moved by then: two heartbeats of the node-agent. */
const tickMs = 65_000;
const patientMs = 120_000;

const kinds: readonly Kind[] = ['ours', 'ours, TLS', 'at first', 'at best'];

interface Running {
  readonly subject: Subject;
  readonly engine: StandIn;
}

/** All at once, each on a link of its own. `onSettled`: from now on it needs little of the machine. */
export async function idle(
  session: Session,
  { pace, seed, onSettled }: { readonly pace: Pace; readonly seed: number; readonly onSettled: () => void },
): Promise<readonly Idle[]> {
  const running: Running[] = [];
  for (const kind of kinds) running.push(await start(session, kind, seed));
  await pause(settleMs);
  onSettled();
  return Promise.all(running.map((each) => measure(session, each, pace)));
}

async function start(session: Session, kind: Kind, seed: number): Promise<Running> {
  const engine = await startStandIn({ containers: Array.from({ length: servicesCount }, (_, n) => ({ name: `service-${n}` })) });
  session.defer(() => engine.stop());
  const subject = await Subject.open(session, { kind, seed, env: engine.env });
  const { rig } = subject;
  await rig.run('hub', 'inventory', { HOMELAB_INVENTORY: repository });
  await Promise.all([rig.run('hub', 'observer ledger'), rig.run('site', 'observer node-agent executor ledger supervisor')]);
  await subject.startBridge();
  const atHub = await subject.witness(`world/sites/${places.site.site}`);
  await waitFor(`the hub to hear of the site (${kind})`, () => atHub.seen.length > 0, { deadlineMs: patientMs });
  await atHub.link.close();
  return { subject, engine };
}

async function measure(session: Session, { subject, engine }: Running, pace: Pace): Promise<Idle> {
  const { kind, rig } = subject;
  const witness = await subject.witness('#');
  const quiet = await traffic(subject, () => pause(heartbeats[pace] * linkHeartbeatMs));
  const crossed = counted(
    witness.seen
      .splice(0)
      .filter(({ retained }) => !retained)
      .map(({ topic }) => topic.split('/').slice(1, 3).join('/')),
  );
  session.say(`link, idle, ${kind}: ${quiet.bytes} bytes in ${(quiet.ms / 1_000).toFixed(0)} s; at the hub: ${crossed}`);
  const pid = subject.bridgePid ?? rig.brokers.site.pid;
  const memory = { mib: shareMiB(pid), residentMiB: residentMiB(pid), brokerMiB: shareMiB(rig.brokers.site.pid) };
  const busy = await traffic(subject, () => change(engine, changeEveryMs[pace]));
  const changed = counted(
    witness.seen
      .splice(0)
      .filter(({ retained }) => !retained)
      .map(({ topic }) => topic.split('/').slice(1, 3).join('/')),
  );
  session.say(`link, ${changesCount} changes, ${kind}: ${busy.bytes} bytes in ${(busy.ms / 1_000).toFixed(0)} s; at the hub: ${changed}`);
  const weighed = subject.isOurs && pace !== 'full' ? await hourly(subject) : 0;
  if (weighed > 0) session.say(`link, sent hourly, ${kind}: ${weighed} bytes`);
  const perMs = quiet.bytes / quiet.ms;
  const hour = perMs * hourMs + weighed;
  return { kind, hour, weighed, hourWithChanges: busy.bytes + perMs * Math.max(0, hourMs - busy.ms) + weighed, ...memory };
}

async function traffic({ rig }: Subject, during: () => Promise<void>): Promise<{ readonly bytes: number; readonly ms: number }> {
  const [before, sinceMs] = [rig.uplink.traffic(), performance.now()];
  await during();
  const all: Traffic = rig.uplink.traffic(before);
  return { bytes: all.up.sent.bytes + all.down.sent.bytes, ms: performance.now() - sinceMs };
}

/** Containers die and are started again, one after the other. */
async function change(engine: StandIn, everyMs: number): Promise<void> {
  for (let at = 0; at < changesCount; at += 1) {
    const container = `service-${Math.floor(at / 2)}`;
    await engine.script(at % 2 === 0 ? { do: 'crash', container, exitCode: 1 } : { do: 'start', container });
    await pause(everyMs);
  }
}

/** Documents of the site that moved without anything happening. */
async function hourly({ rig }: Subject): Promise<number> {
  // The last change has had its consequences.
  await pause(settleMs);
  const before = await rig.documents('site');
  await pause(tickMs);
  return tickedBytes(goingUp(before), goingUp(await rig.documents('site')));
}

/** Without the link's own document, whose heartbeat was counted. */
const goingUp = (documents: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...documents].filter(([topic]) => !topic.startsWith('links/') && !topic.startsWith('cursors/')));

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return JSON.stringify(Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)));
}
