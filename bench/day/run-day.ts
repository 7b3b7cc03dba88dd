/**
 * Runs one day twice at once: our actors live through it, and the model of the original's rules looks at the same engine. Nobody
 * answers a proposal. The same seed gives the same accounts to the last byte, where Node's file operations run one at a
 * time (UV_THREADPOOL_SIZE=1): then what is done at one moment of virtual time is always done in the same order.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Random } from '../../test/kit/random.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import type { Account } from './account.ts';
import { cycleMs, type NodeSeen, OriginalRules } from './original-rules.ts';
import { Person } from './person.ts';
import { DaySite, nodeName, root } from './site.ts';
import { dayMs, dayTrace } from './trace.ts';

/** Everything is settled and documented by then; it does not count. */
const warmUpMs = 10 * 60_000;
/** The day begins at midnight. */
const midnight = Date.parse('2026-03-02T00:00:00.000Z');

export interface Day {
  readonly ours: Account & { readonly incidentDocuments: number };
  readonly original: Account;
}

export async function runDay(options: { readonly seed: number; readonly directory: string }): Promise<Day> {
  const trace = dayTrace(options.seed);
  const clock = new StepClock(midnight - warmUpMs);
  const site = new DaySite({ clock, seed: options.seed, directory: options.directory, services: trace.services });
  const person = new Person({ root, sinceStartMs: () => clock.now() - midnight });
  const original = new OriginalRules({ node: nodeName, startMs: midnight });
  await person.listen(site.broker.transport());
  site.start();
  await clock.run(warmUpMs, settle);
  if (person.lines.length > 0) throw new Error(`a quiet start is not quiet: ${JSON.stringify(person.lines)}`);
  for (const traffic of Object.values(site.traffic)) Object.assign(traffic, { messages: 0, bytes: 0 });
  let failure: unknown = null;
  for (const { atMs, deed } of trace.happenings) {
    clock.setTimeout(() => {
      site.perform(deed).catch((error: unknown) => {
        failure = error;
      });
    }, atMs);
  }
  let lastBootMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, deed } of trace.happenings) if (deed.kind === 'power' && deed.isOn) lastBootMs = atMs;
  // Not on the minute, as no cycle of a real node is; the day holds 1,440 of them.
  const phaseMs = new Random(options.seed).fork('phase of the original').between(0, cycleMs - 1);
  for (let atMs = phaseMs; atMs < dayMs; atMs += cycleMs) {
    await clock.run(midnight + atMs - clock.now(), settle);
    if (failure !== null || site.errors.length > 0) throw new Error(`the day went wrong: ${site.errors.join('\n')}`, { cause: failure });
    // A node that has just started writes for the first time a cycle later, when everything runs again.
    const isBooting = atMs >= lastBootMs && atMs < lastBootMs + cycleMs;
    original.cycle(clock.now(), isBooting ? { ...(await seenOf(site)), containers: null } : await seenOf(site));
  }
  await clock.run(midnight + dayMs - clock.now(), settle);
  const { node, all } = site.traffic;
  const ours = { lines: [...person.lines], traffic: { ...node }, totalMessages: all.messages, totalBytes: all.bytes, incidentDocuments: person.incidents.size };
  const stopped = site.stop();
  await clock.run(warmUpMs, settle);
  await stopped;
  return { ours, original: original.account };
}

async function seenOf({ machine, cable }: DaySite): Promise<NodeSeen> {
  const { engine, host } = machine;
  const { diskPct: disk, memoryPct: memory, cpuPct: cpu } = await host.readMetrics();
  const containers = engine.world.all().map(({ name, status, health }) => ({ service: name, status, health }));
  return { containers: engine.isOff ? null : containers, isConnected: cable.isPlugged, metrics: { disk, memory, cpu } };
}

/** Everything that can happen without time passing has happened: no file operation is under way, and nothing follows the last. */
async function settle(): Promise<void> {
  do await turn();
  while (process.getActiveResourcesInfo().some((name) => fileRequests.has(name)));
}
const fileRequests: ReadonlySet<string> = new Set(['FSReqPromise', 'FSReqCallback', 'CloseReq']);
