/**
 * An evening without the uplink, before any storm: something ends at the second site, its proposal reaches the hub, the link is cut, a
 * person at the hub agrees, nobody at the site is there, and the link is back when that yes is older than an approval may be. Then a hub
 * that has held a yes back for as long says it all the same. Neither may be granted, however well it still fits what waits.
 */
import { topicRoot } from '../../contracts/defaults.ts';
import { RelayedRequest } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import type { RelayOracle } from './oracle-relays.ts';
import type { Person, Seen } from './people.ts';
import type { Site } from './site.ts';
import type { Trace } from './trace.ts';

/** Older than an approval may be, by more than the oracle grants for two clocks that were set (66 min). */
const cutMs = 70 * 60_000;
/** A grace, the settling of an incident and a round of the supervisor, and the way to the hub; four times that. */
const proposedWithinMs = 240_000;
/** Back-off of the bridge, its reading, and what the hub sends again every 10 s. */
const judgedWithinMs = 60_000;
const lookEveryMs = 1_000;

export interface LongCutOptions {
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly hub: Site;
  readonly edge: Site;
  readonly relays: RelayOracle;
  /** Virtual time passes; false: a rule is broken, and nothing more is to be done. */
  readonly pass: (ms: number) => Promise<boolean>;
}

/** Throws when the seed has nothing at the site for which a repair is proposed: it shows nothing then. */
export async function longCut(options: LongCutOptions): Promise<void> {
  const { hub, edge, random, trace, pass } = options;
  const people = [...hub.people, ...edge.people];
  const [anna] = hub.people;
  if (anna === undefined) throw new Error('nobody is at the hub');
  for (const person of people) person.isAsleep = true;
  const proposal = await proposalSeen(options, anna);
  if (proposal === null) return;
  const how = random.pick(['silent', 'refused'] as const);
  trace.say('* fault', `the uplink of ${edge.name} is cut for the evening: ${how}`);
  edge.uplink?.cut(how);
  anna.answer(proposal);
  if (!(await pass(cutMs))) return;
  trace.say('* fault', `the uplink of ${edge.name} works`);
  edge.uplink?.mend();
  if (!(await pass(judgedWithinMs))) return;
  await saidTooLate(options, anna, proposal);
  if (!(await pass(judgedWithinMs))) return;
  for (const person of people) person.isAsleep = false;
}

/** One container after the other ends, until a repair is proposed for one; null: a rule is broken. */
async function proposalSeen({ edge, random, trace, pass }: LongCutOptions, anna: Person): Promise<Seen | null> {
  for (const machine of edge.machines) {
    const container = random.pick(machine.containers.filter(({ status }) => status === 'running'));
    trace.say('* fault', `container ${container.name} on ${machine.name}: stop, for the evening`);
    machine.engine.world.stop(container);
    for (let leftMs = proposedWithinMs; leftMs > 0; leftMs -= lookEveryMs) {
      const found = anna.waitingOn(machine.name);
      if (found !== undefined) return found;
      if (!(await pass(lookEveryMs))) return null;
    }
  }
  throw new Error(`no repair at ${edge.name} was proposed to the hub: this seed cannot show what a late yes does`);
}

/** In the name of the hub's ledger, whatever that itself thinks of it. */
async function saidTooLate({ clock, hub, edge, random, relays, trace }: LongCutOptions, { login }: Person, { id, attempt, digest }: Seen): Promise<void> {
  const ledger = hub.processOf('ledger');
  const relayed = RelayedRequest.parse({
    relay_id: random.uuid(clock.now()),
    by: login,
    login,
    site: hub.name,
    received_at: new Date(clock.now() - cutMs).toISOString(),
    state: 'approved',
    request: { id, attempt, digest },
  });
  trace.say('* fault', `the ledger of ${hub.name} says a yes that it has held back: ${id}`);
  relays.onHeldBack(relayed, clock.now() - cutMs);
  const handlers = { onMessage: () => undefined, onClose: () => undefined };
  const connecting = hub.broker
    .transport()
    .connect({ clientId: 'held-back', clean: true, username: ledger.login, keepaliveS: 0, connectTimeoutMs: 1_000 }, handlers);
  await clock.run(lookEveryMs);
  const link = await connecting;
  const published = link.publish(`${topicRoot}/${topics.relay.build({ site: edge.name })}`, JSON.stringify(relayed), { retain: false });
  await clock.run(lookEveryMs);
  await published;
  await link.close();
}
