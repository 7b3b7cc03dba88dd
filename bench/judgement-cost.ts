/**
 * Judgement cost: processor seconds per hour of the observer and of the supervisor, each in a process of its own, while ten nodes with 100
 * services each say nothing but their heartbeats; beside bare subscribers to the same topics at the same broker (the built-in one).
 */
import { topics } from '../contracts/topics.ts';
import { freePort } from '../test/kit/mosquitto.ts';
import type { Figure, Row } from './figure.ts';
import { processorSeconds, type Started, startActors, startBroker, startProgram } from './processes.ts';
import type { Session } from './session.ts';
import { digits, median, range } from './statistics.ts';

const nodes = 10;
const servicesEach = 100;
const root = 'bench-judgement';
/** One heartbeat of each node. */
const windowMs = 30_000;
const windows = 12;
/** Idle is who used less than a twentieth of a processor for 10 s, after everything has begun: whoever is slow to take 1,000 services in is still at it. */
const beginningMs = 30_000;
const lookMs = 10_000;
const idleShare = 0.05;
const settleMaxMs = 300_000;

/** What each of them reads (reads and queued of its actor.ts). */
const filters = {
  observer: [topics.events, topics.nodeHealth, topics.serviceHealth, topics.desired, topics.action],
  supervisor: [topics.desired, topics.worldNode, topics.worldService, topics.incident, topics.action, topics.maintenance],
} as const;
const names = ['observer', 'supervisor'] as const;

export const judgementCost: Figure = {
  name: 'judgement-cost',
  needs: [],
  run: async (session): Promise<readonly Row[]> => {
    session.say(`cost of judging 1,000 idle services, ${(beginningMs + windows * windowMs) / 1000} s and more`);
    session.buildHomelab();
    const url = await startSite(session);
    const env = { HOMELAB_ROOT: session.temporaryDirectory(), HOMELAB_BROKER_URL: url, HOMELAB_TOPIC_ROOT: root, NODE_NAME: 'centre' };
    const started = await Promise.all(
      names.map(async (name) => ({
        name,
        ours: await startActors(session, { names: [name], env }),
        bare: await startProgram(session, 'bare-listener', [url, ...filters[name].map((topic) => `${root}/${topic.filter()}`)]),
      })),
    );
    await startProgram(session, 'simulated-nodes', [url, root, session.temporaryDirectory(), String(nodes), String(servicesEach)]);
    await settled(started.map(({ ours }) => ours));
    const arrivals = started.map(({ name, ours, bare }) => arrivalRow(name, processorSeconds(ours), processorSeconds(bare)));
    const hours = await Promise.all(started.map(async ({ ours, bare }) => Promise.all([secondsPerHour(ours), secondsPerHour(bare)])));
    return [...hours.map(([ours, bare], at) => idleRow(names[at] ?? '', ours, bare)), ...arrivals];
  },
};

/** The broker. */
async function startSite(session: Session): Promise<string> {
  const port = await freePort();
  await startBroker(session, { port, directory: session.temporaryDirectory() });
  return `mqtt://127.0.0.1:${port}`;
}

/** All that arrives has been dealt with. */
async function settled(processes: readonly Started[]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, beginningMs));
  for (let waitedMs = 0; waitedMs < settleMaxMs; waitedMs += lookMs) {
    const before = processes.map(processorSeconds);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    if (processes.every((process, at) => processorSeconds(process) - (before[at] ?? 0) < (idleShare * lookMs) / 1000)) return;
  }
  throw new Error(`not idle ${(beginningMs + settleMaxMs) / 1000} s after the start`);
}

/** Each window, as if it lasted an hour. */
async function secondsPerHour(process: Started): Promise<readonly number[]> {
  const seconds: number[] = [];
  for (let at = 0; at < windows; at += 1) {
    const [before, beganMs] = [processorSeconds(process), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    seconds.push(((processorSeconds(process) - before) * 3_600_000) / (performance.now() - beganMs));
  }
  return seconds;
}

function idleRow(name: string, ours: readonly number[], bare: readonly number[]): Row {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    figure: `${name}, 1,000 idle services, processor, mean per hour`,
    ours: `${digits(mean(ours))} s/h`,
    reference: `${digits(mean(bare))} s/h`,
    ratio: digits(mean(ours) / mean(bare)),
    spread: `${range(ours)} s/h (median ${digits(median(ours))}), n=${ours.length}`,
    goal: '-',
    met: null,
  };
}

/** Once only: its start, and everything there is becoming known to it. */
const arrivalRow = (name: string, ours: number, bare: number): Row => ({
  figure: `${name}, start and arrival of 1,000 services, processor`,
  ours: `${digits(ours)} s`,
  reference: `${digits(bare)} s`,
  ratio: digits(ours / bare),
  spread: 'n=1',
  goal: '-',
  met: null,
});
