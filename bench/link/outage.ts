/**
 * 20,000 events of a site through ten cuts, while its broker and its bridge are killed: what of them is at the hub, and how fast the last came.
 *
 * Senders are the same everywhere: four outboxes, which keep what they say until the store of the site has it (and, where there is one, our
 * bridge). Counted at the hub: of ours what the observer has in its store; of mosquitto's what came to a subscriber with a kept session.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Event } from '../../contracts/event.ts';
import { topics } from '../../contracts/topics.ts';
import type { TestClient } from '../../test/kit/conformance-brokers.ts';
import { places } from '../../test/kit/edge-rig.ts';
import { Emitters } from '../../test/kit/emitters.ts';
import { stormEventType } from '../../test/kit/storm-plan.ts';
import { waitFor } from '../../test/kit/wait.ts';
import type { Session } from '../session.ts';
import { peakMiB } from './memory.ts';
import { type Cut, cutsOf } from './plan.ts';
import { type Compared, Subject } from './subject.ts';
import { type EventTally, type Numbered, tallyEvents } from './tally.ts';

export interface Outage extends EventTally {
  readonly emitted: number;
  /** From the end of the last cut to the first event, and to the last, that came for the first time. */
  readonly beganS: number;
  readonly catchUpS: number;
  /** What crossed the link meanwhile, both ways. */
  readonly catchUpBytes: number;
  /** Peak of what the bridge, or the broker that holds mosquitto's, had in memory; of a broker, of its last life. */
  readonly peakMiB: number;
}

export interface OutageOptions {
  readonly kind: Compared;
  readonly seed: number;
  readonly events: number;
  readonly cuts: number;
}

/**
 * A quarter of what the link carries (1 Mbit/s, 750 bytes each with everything), so that what waits is of the cuts. Brokers that save on each
 * change, as both are told to, write all that waits several times for each event: at 110 a second, and 2,000 waiting, neither could follow.
 */
const perSecond = 43;
/** The site's own store has everything seconds after the last was said; a loaded machine gets ten minutes. */
const siteDeadlineMs = 600_000;
/** Nothing more comes when nothing came for so long: twice the longest pause of mosquitto between two attempts. */
const quietMs = 60_000;

export async function outage(session: Session, { kind, seed, events, cuts }: OutageOptions): Promise<Outage> {
  const subject = await Subject.open(session, { kind, seed });
  const { rig } = subject;
  await Promise.all([rig.run('site', 'observer'), ...(subject.isOurs ? [rig.run('hub', 'observer')] : [])]);
  await subject.startBridge();
  const witness = await subject.witness(topics.events.filter({ node: places.site.node }));
  const arrivals = new Arrivals(witness);
  const emitters = new Emitters(rig, { seed, count: events, perSecond });
  for (const cut of cutsOf(seed, cuts)) await blow(subject, cut);
  const upAtMs = performance.now();
  const [before, atLinkUp] = [rig.uplink.traffic(), arrivals.distinct];
  await looking('the store of the site to have every event', siteDeadlineMs, 1_000, () => emitters.missing('site') <= 0);
  await looking('the last event at the hub', siteDeadlineMs, 50, () => arrivals.distinct >= events || arrivals.quietMs(upAtMs) > quietMs);
  // What the hub's broker has is in its store a moment later.
  if (subject.isOurs && arrivals.distinct >= events) await looking("the hub's store", quietMs, 200, () => emitters.missing('hub') <= 0).catch(() => undefined);
  const arrived = subject.isOurs ? rig.stored('hub').flatMap(numbered) : arrivals.all;
  const { up, down } = rig.uplink.traffic(before);
  const [began, ended] = [arrivals.newAtMs[atLinkUp] ?? upAtMs, arrivals.newAtMs.at(-1) ?? upAtMs];
  const seconds = (atMs: number): number => Math.max(0, atMs - upAtMs) / 1_000;
  const catchUp = { beganS: seconds(began), catchUpS: seconds(ended), catchUpBytes: up.sent.bytes + down.sent.bytes };
  const result = { ...tallyEvents(events, arrived), emitted: events, ...catchUp };
  const repeated = tallyEvents(events, arrivals.all).twice;
  session.say(
    `link, events, ${kind}: ${JSON.stringify(result)}; ${events - atLinkUp} were missing at the last link-up; ${repeated} came to the hub's broker again`,
  );
  return { ...result, peakMiB: peakMiB(subject.bridgePid ?? rig.brokers.site.pid) };
}

/** Looks that often: reading a store of 20,000 events is not free. */
async function looking(what: string, deadlineMs: number, everyMs: number, isThere: () => boolean): Promise<void> {
  const look = async (): Promise<boolean> => {
    await pause(everyMs);
    return isThere();
  };
  await waitFor(what, look, { deadlineMs });
}

async function blow(subject: Subject, cut: Cut): Promise<void> {
  await pause(cut.pauseMs);
  await Promise.all([cutLink(subject, cut), kill(subject, cut)]);
}

async function cutLink({ rig: { uplink } }: Subject, { kind, deafEnd, lastsMs }: Cut): Promise<void> {
  if (kind === 'half-open') await uplink.halfOpen(deafEnd);
  else await uplink.cut(kind);
  await pause(lastsMs);
  await uplink.restore();
}

async function kill(subject: Subject, { victim, killedAfterMs, awayMs }: Cut): Promise<void> {
  await pause(killedAfterMs);
  if (victim === 'bridge') {
    await subject.killBridge(() => pause(awayMs));
    return;
  }
  const broker = subject.rig.brokers.site;
  await broker.kill9();
  await pause(awayMs);
  await broker.start('kept');
}

const numbered = ({ type, payload, source, lane }: Event): readonly Numbered[] => (type === stormEventType ? [{ n: Number(payload['n']), source, lane }] : []);

/** What came to a subscriber, as it comes. */
class Arrivals {
  readonly all: Numbered[] = [];
  /** When each new one came. */
  readonly newAtMs: number[] = [];
  private readonly openedAtMs = performance.now();
  private readonly seen = new Set<number>();

  constructor(client: TestClient) {
    client.on('change', () => {
      for (const { text } of client.seen.splice(0)) {
        for (const arrival of numbered(JSON.parse(text) as Event)) {
          this.all.push(arrival);
          if (!this.seen.has(arrival.n)) this.newAtMs.push(performance.now());
          this.seen.add(arrival.n);
        }
      }
    });
  }

  get distinct(): number {
    return this.seen.size;
  }

  /** For how long nothing new has come, at most since then. */
  quietMs(sinceMs: number): number {
    return performance.now() - Math.max(sinceMs, this.newAtMs.at(-1) ?? this.openedAtMs);
  }
}
