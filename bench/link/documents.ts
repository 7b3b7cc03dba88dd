/**
 * Documents and 1,000 events of a site over five outages: what is wrong at the other end afterwards, and how long it takes until all is right.
 *
 * In each outage services of its own are changed, ended and new, and stand at the hub cleared, put back to an older copy, or left over from
 * an earlier life; at the site somebody clears some; the hub decides anew about both nodes. Right is what the writer said last.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { topicRoot } from '../../contracts/defaults.ts';
import type { Event } from '../../contracts/event.ts';
import { topics } from '../../contracts/topics.ts';
import type { TestClient } from '../../test/kit/conformance-brokers.ts';
import { places, type Side } from '../../test/kit/edge-rig.ts';
import { waitFor } from '../../test/kit/wait.ts';
import type { Session } from '../session.ts';
import { type Compared, Subject } from './subject.ts';
import { wrongDocuments } from './tally.ts';
import { type Words, Writer, wordOf } from './writer.ts';

export interface Round {
  readonly name: string;
  readonly documents: number;
  /** At the end of the limit, or when nothing was wrong any more. */
  readonly wrong: readonly string[];
  readonly eventsMissing: number;
  /** From link-up (of a half-open link: from its beginning) until no document was wrong, or all events were there too; null: never within the limit. */
  readonly documentsS: number | null;
  readonly allS: number | null;
}

interface RoundPlan {
  readonly name: string;
  readonly link: 'clean' | 'silent' | 'half-open';
  readonly lastsMs: number;
  /** The site's broker is killed meanwhile, and comes back with that. */
  readonly broker: 'kept' | 'empty' | null;
  /** Twice the longest pause of mosquitto between two attempts; where a connection seems to stand, twice its patience of 1.5 times 60 s is not needed. */
  readonly limitMs: number;
}

const rounds: readonly RoundPlan[] = [
  { name: 'clean cut', link: 'clean', lastsMs: 25_000, broker: null, limitMs: 60_000 },
  // Long enough for ours to notice; mosquitto does not, and goes on with the connection that it had.
  { name: 'silent cut', link: 'silent', lastsMs: 40_000, broker: null, limitMs: 60_000 },
  { name: "cut, site's broker killed", link: 'clean', lastsMs: 30_000, broker: 'kept', limitMs: 60_000 },
  { name: "cut, site's broker comes back empty", link: 'clean', lastsMs: 20_000, broker: 'empty', limitMs: 60_000 },
  { name: 'half-open link', link: 'half-open', lastsMs: 0, broker: null, limitMs: 120_000 },
];

/** What becomes of a service in an outage; so many of each. */
const fates = ['changed', 'ended', 'cleared at the hub', 'cleared at the site', 'older at the hub', 'left over at the hub', 'new'] as const;
type Fate = (typeof fates)[number];
const each = 4;
const eventsEach = 1_000;
const patientMs = 60_000;
const nodes = [places.site.node, 'chelsty-ha'];

const namesOf = (round: number, ...among: readonly Fate[]): readonly string[] =>
  among.flatMap((fate) => Array.from({ length: each }, (_, at) => `${fate.replaceAll(' ', '-')}-${round}-${at}`));
const allWith = (names: readonly string[], word: string | null): Words => Object.fromEntries(names.map((name) => [name, word]));

interface Scene {
  readonly subject: Subject;
  readonly site: Writer;
  readonly hub: Writer;
  /** What each broker has handed out, live. */
  readonly held: Readonly<Record<Side, ReadonlyMap<string, string>>>;
  readonly events: ReadonlySet<number>;
}

export async function documentRounds(
  session: Session,
  { kind, seed, count }: { readonly kind: Compared; readonly seed: number; readonly count: number },
): Promise<readonly Round[]> {
  const scene = await open(session, kind, seed);
  const done: Round[] = [];
  for (const [at, plan] of rounds.slice(0, count).entries()) {
    const round = await play(scene, at, plan);
    session.say(`link, documents, ${kind}, ${plan.name}: ${JSON.stringify({ ...round, wrong: round.wrong.map((topic) => topic.split('/').at(-1)) })}`);
    done.push(round);
  }
  return done;
}

async function open(session: Session, kind: Compared, seed: number): Promise<Scene> {
  const subject = await Subject.open(session, { kind, seed });
  const { rig } = subject;
  await Promise.all([rig.run('site', 'observer'), ...(subject.isOurs ? [rig.run('hub', 'observer')] : [])]);
  const [site, hub] = await Promise.all([Writer.start(session, rig, 'site'), Writer.start(session, rig, 'hub')]);
  await subject.startBridge();
  const events = new Set<number>();
  const held = { hub: new Map<string, string>(), site: new Map<string, string>() };
  for (const side of ['hub', 'site'] as const) await listen(await rig.client(side), held[side], side === 'hub' ? events : new Set());
  return { subject, site, hub, held, events };
}

async function listen(client: TestClient, held: Map<string, string>, events: Set<number>): Promise<void> {
  client.on('change', () => {
    for (const { topic, text } of client.seen.splice(0)) {
      const relative = topic.slice(topicRoot.length + 1);
      if (relative.startsWith('events/')) {
        const n = (JSON.parse(text) as Event).payload['n'];
        if (typeof n === 'number') events.add(n);
      } else if (wordOf(text) === null) held.delete(relative);
      else held.set(relative, text);
    }
  });
  const filters = [topics.events, topics.serviceHealth, topics.desired].map((topic) => `${topicRoot}/${topic.filter()}`);
  await client.link.subscribe(filters);
}

/** In what the two ends are not what their writers said: up at the hub, down at the site. */
function wrong({ site, hub, held }: Scene, isMeant: (topic: string) => boolean = () => true): readonly string[] {
  const words = (side: Side): ReadonlyMap<string, string> => new Map([...held[side]].map(([topic, text]) => [topic, wordOf(text) ?? '']));
  return [...wrongDocuments(site.said, words('hub')), ...wrongDocuments(hub.said, words('site'))].filter(isMeant);
}

async function play(scene: Scene, at: number, plan: RoundPlan): Promise<Round> {
  const { subject, site, hub } = scene;
  const { rig } = subject;
  // What the round is about, at both ends, twice, so that there is an older copy.
  const present = namesOf(at, 'changed', 'ended', 'cleared at the hub', 'cleared at the site', 'older at the hub');
  const mine = (topic: string): boolean => topic.startsWith('desired/') || fates.some((fate) => namesOf(at, fate).some((name) => topic === site.topicOf(name)));
  await Promise.all([site.write(allWith(present, 'first')), hub.write(allWith(nodes, `first-${at}`))]);
  await agreed(scene, mine);
  const older = new Map(namesOf(at, 'older at the hub').map((name) => [name, scene.held.hub.get(site.topicOf(name)) ?? '']));
  await site.write(allWith(present, 'second'));
  await agreed(scene, mine);
  if (plan.link === 'half-open') await rig.uplink.halfOpen('hub');
  else await rig.uplink.cut(plan.link);
  const cutAtMs = performance.now();
  await duringCut(scene, at, older);
  if (plan.broker !== null) {
    await rig.brokers.site.kill9();
    await rig.brokers.site.start(plan.broker);
    await reconnected(scene);
  }
  await pause(Math.max(0, plan.lastsMs - (performance.now() - cutAtMs)));
  if (plan.link !== 'half-open') await rig.uplink.restore();
  return measure(scene, { at, plan, mine, sinceMs: plan.link === 'half-open' ? cutAtMs : performance.now() });
}

/** A bridge that does not bring it about begins the round wrong, and will be counted as such. */
async function agreed(scene: Scene, mine: (topic: string) => boolean): Promise<void> {
  await waitFor('both ends to agree', () => wrong(scene, mine).length === 0, { deadlineMs: patientMs }).catch(() => undefined);
}

async function duringCut({ subject: { rig }, site, hub }: Scene, at: number, older: ReadonlyMap<string, string>): Promise<void> {
  const health = (name: string): string => `${topicRoot}/${site.topicOf(name)}`;
  const atHub = await rig.client('hub', `bridge-${places.site.node}`);
  const atSite = await rig.client('site', `node-agent-${places.site.node}`);
  const put = (client: TestClient, name: string, text: string): Promise<void> => client.link.publish(health(name), text, { retain: true });
  for (const name of namesOf(at, 'cleared at the hub')) await put(atHub, name, '');
  for (const [name, text] of older) await put(atHub, name, text);
  for (const name of namesOf(at, 'left over at the hub')) {
    const head = { status: 'healthy', summary: 'healthy', ts: new Date(0).toISOString(), session: 1, rev: 1 };
    await put(atHub, name, JSON.stringify({ ...head, node: places.site.node, service: name, reason: 'running', image: 'left over', since: head.ts }));
    site.said.set(site.topicOf(name), null);
  }
  for (const name of namesOf(at, 'cleared at the site')) await put(atSite, name, '');
  await Promise.all([atHub.link.close(), atSite.link.close()]);
  const numbers = Array.from({ length: eventsEach }, (_, n) => at * eventsEach + n);
  const words = { ...allWith(namesOf(at, 'changed', 'new'), 'third'), ...allWith(namesOf(at, 'ended'), null) };
  await Promise.all([site.write(words, numbers), hub.write(allWith(nodes, `second-${at}`))]);
}

/** The witness of the site was on the broker that died: what that holds now counts. */
async function reconnected(scene: Scene): Promise<void> {
  const held = scene.held.site as Map<string, string>;
  held.clear();
  await listen(await scene.subject.rig.client('site'), held, new Set());
}

interface Measured {
  readonly at: number;
  readonly plan: RoundPlan;
  readonly mine: (topic: string) => boolean;
  readonly sinceMs: number;
}

async function measure(scene: Scene, { at, plan, mine, sinceMs }: Measured): Promise<Round> {
  const missing = (): number => (at + 1) * eventsEach - [...scene.events].filter((n) => n < (at + 1) * eventsEach).length;
  const until = (isThere: () => boolean): Promise<number | null> =>
    waitFor('convergence', isThere, { deadlineMs: plan.limitMs }).then(
      () => (performance.now() - sinceMs) / 1_000,
      () => null,
    );
  const startedMissing = missing();
  const [documentsS, allS] = await Promise.all([
    until(() => wrong(scene, mine).length === 0),
    until(() => wrong(scene, mine).length === 0 && missing() <= startedMissing - eventsEach),
  ]);
  const documents = [...scene.site.said.keys(), ...scene.hub.said.keys()].filter(mine).length;
  return { name: plan.name, documents, wrong: wrong(scene, mine), eventsMissing: Math.max(0, missing() - (startedMissing - eventsEach)), documentsS, allS };
}
