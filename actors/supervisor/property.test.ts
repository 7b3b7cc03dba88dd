/** Whatever the world does, in whatever order: what the supervisor may never do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incidentKinds } from '../../contracts/incident.ts';
import { topics } from '../../contracts/topics.ts';
import { SupervisorWorld } from '../../test/kit/supervisor-world.ts';
import { serviceKey } from './knowledge.ts';

/** Names that clash: `a` + `b-c` and `a-b` + `c` give one id, `C` and `c` too. */
const nodes = ['a', 'a-b'] as const;
const services = ['b-c', 'c', 'C'] as const;

const target = fc.record({ node: fc.constantFrom(...nodes), service: fc.constantFrom(...services) });
const bool = fc.boolean();

const step = fc.oneof(
  fc.record({
    do: fc.constant('desire' as const),
    node: fc.constantFrom(...nodes),
    names: fc.uniqueArray(fc.constantFrom(...services)),
    monitor: bool,
    adopted: bool,
    executor: bool,
    here: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  }),
  fc.record({
    do: fc.constant('node' as const),
    node: fc.constantFrom(...nodes),
    status: fc.constantFrom('online', 'online', 'online', 'degraded', 'offline', 'unknown'),
    engine: fc.constantFrom('up', 'up', 'up', 'hung'),
  }),
  fc.record({
    do: fc.constant('service' as const),
    at: target,
    status: fc.constantFrom('healthy', 'starting', 'unhealthy', 'down', 'down', 'stopped', 'missing', 'unknown'),
  }),
  fc.record({
    do: fc.constant('incident' as const),
    at: target,
    kind: fc.constantFrom(...incidentKinds),
    trigger: fc.constantFrom('containers_not_running', 'service_unhealthy'),
    suppressed: bool,
    active: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    n: fc.nat(2),
  }),
  fc.record({ do: fc.constant('maintenance' as const), node: fc.constantFrom(...nodes), ms: fc.nat(600_000) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.oneof({ weight: 8, arbitrary: fc.nat(30_000) }, { weight: 1, arbitrary: fc.constant(3_600_000) }) }),
  fc.record({ do: fc.constant('ledger' as const), listens: bool }),
  fc.record({ do: fc.constant('person' as const), to: fc.constantFrom('approved', 'rejected', 'running', 'completed', 'failed', 'expired') }),
  fc.record({ do: fc.constant('link' as const), up: bool }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The world plus a ledger that turns proposals into documents, at once or not at all. */
class Story {
  readonly world = new SupervisorWorld();
  private ledgerListens = true;
  private up = false;
  private seen = 0;
  private readonly open = new Map<string, { readonly key: string; status: string }>();

  constructor() {
    const send = this.world.send.bind(this.world);
    this.world.send = (event) => {
      send(event);
      this.check();
    };
  }

  take(each: Step): void {
    const w = this.world;
    if (each.do === 'desire') {
      const listed = each.names.map((name) => ({ name, monitor: each.monitor, origin: each.adopted ? 'adopted' : 'declared' }));
      w.desired(listed, { agents: each.executor ? ['node-agent', 'executor'] : ['node-agent'], site: each.here ? 'hub' : 'chelsty' }, each.node);
    } else if (each.do === 'node') w.node(each.status, each.engine, each.node);
    else if (each.do === 'service') w.service(each.status, {}, each.at.service, each.at.node);
    else if (each.do === 'incident') {
      const id = `inc-${each.n}-${each.at.node}-${each.at.service}-${each.kind}`;
      const rest = {
        id,
        kind: each.kind,
        trigger_type: each.trigger,
        status: each.active ? 'active' : 'resolved',
        suppressed_by: each.suppressed ? 'inc-0' : null,
      };
      w.incident(rest, each.at.service, each.at.node);
    } else if (each.do === 'maintenance')
      w.put(topics.maintenance, { node: each.node }, { status: 'active', node: each.node, windows: [{ until: new Date(w.now + each.ms).toISOString() }] });
    else if (each.do === 'pass') w.pass(each.ms);
    else if (each.do === 'ledger') this.ledgerListens = each.listens;
    else if (each.do === 'link') {
      this.up = each.up;
      if (each.up) w.synced();
      else w.disconnected();
    } else this.person(each.to);
  }

  private person(to: string): void {
    const [first] = [...this.open];
    if (first === undefined) return;
    const [id, action] = first;
    this.show(id, action.key, to);
  }

  private show(id: string, key: string, status: string): void {
    const [node = '', service = ''] = key.split('/');
    if (['pending', 'approved', 'running'].includes(status)) this.open.set(id, { key, status });
    else this.open.delete(id);
    this.world.action(status, { node, service }, id);
  }

  /** Looks at everything asked since the last look. Showing an action may make it ask again: that is looked at too. */
  private check(): void {
    while (this.seen < this.world.asked.length) {
      const said = this.world.asked[this.seen];
      this.seen += 1;
      if (said === undefined) return;
      const { command } = said;
      if (command.type === 'withdraw') {
        expect(this.open.get(command.id)?.status).toBe('pending');
        expect(this.up).toBe(true);
        if (this.ledgerListens) this.show(command.id, this.open.get(command.id)?.key ?? '', 'cancelled');
      }
      if (command.type !== 'propose') continue;
      const { node, service } = command.proposal;
      const key = serviceKey(node, service ?? '');
      const held = this.open.get(command.id);
      // Never two different open proposals for one id; the same again is only for new evidence of a pending one.
      expect({ key, status: 'pending', ...held }).toEqual({ key, status: 'pending' });
      if (this.ledgerListens && held === undefined) this.show(command.id, key, 'pending');
    }
  }
}

/** What the knowledge says at the moment a command is given; checked from outside, with none of the supervisor's own functions. */
function mayBeProposed(world: SupervisorWorld, node: string, service: string): boolean {
  const { desired, nodes: worldNodes, services: worldServices, incidents, maintenance } = world.state.knowledge;
  const wanted = desired.get(node)?.services.find(({ name }) => name === service);
  const doc = worldServices.get(`${node}/${service}`);
  if (wanted === undefined || !wanted.monitor || desired.get(node)?.site !== 'hub' || doc === undefined) return false;
  if (!['online', 'degraded'].includes(worldNodes.get(node)?.status ?? '') || worldNodes.get(node)?.engine !== 'up') return false;
  if (['healthy', 'starting', 'unknown'].includes(doc.status)) return false;
  if (wanted.origin === 'adopted' && ['stopped', 'missing'].includes(doc.status)) return false;
  if (maintenance.get(node)?.windows.some(({ until }) => Date.parse(until) > world.now)) return false;
  return [...incidents.values()].some((each) => each.status === 'active' && each.suppressed_by === null && each.node === node && each.service === service);
}

/** Each a story of up to 70 steps; a second or two on a small machine. */
const runs = 80;
/** A machine busy with other tests is several times slower. */
const timeoutMs = 30_000;

/** Everything is desired, judged and down, with an incident each: from here any story can go anywhere. */
const opening: readonly Step[] = [
  ...nodes.flatMap((node): Step[] => [
    { do: 'desire', node, names: [...services], monitor: true, adopted: false, executor: true, here: true },
    { do: 'node', node, status: 'online', engine: 'up' },
  ]),
  ...nodes.flatMap((node) =>
    services.flatMap((service): Step[] => [
      { do: 'service', at: { node, service }, status: 'down' },
      { do: 'incident', at: { node, service }, kind: 'down', trigger: 'containers_not_running', suppressed: false, active: true, n: 0 },
    ]),
  ),
];

/** The link comes up before, in the middle of, or after the opening. */
const story = fc
  .record({ upAt: fc.nat(opening.length), steps: fc.array(step, { maxLength: 50 }) })
  .map(({ upAt, steps }): readonly Step[] => [...opening.slice(0, upAt), { do: 'link', up: true }, ...opening.slice(upAt), ...steps]);

describe('whatever happens', () => {
  it(
    'never doubles a proposal, and never touches what is not pending',
    () => {
      let withdrawals = 0;
      fc.assert(
        fc.property(story, (steps) => {
          const told = new Story();
          for (const each of steps) told.take(each);
          withdrawals += told.world.withdrawn.length;
        }),
        { numRuns: runs },
      );
      expect(withdrawals).toBeGreaterThan(10);
    },
    timeoutMs,
  );

  it(
    'never proposes for a service that is healthy, unknown, explained by another trouble, unmonitored or in maintenance',
    () => {
      let proposals = 0;
      fc.assert(
        fc.property(story, (steps) => {
          const told = new Story();
          const { world } = told;
          const send = world.send.bind(world);
          world.send = (event) => {
            const before = world.asked.length;
            send(event);
            for (const { command } of world.asked.slice(before)) {
              if (command.type !== 'propose') continue;
              proposals += 1;
              expect(mayBeProposed(world, command.proposal.node, command.proposal.service ?? '')).toBe(true);
            }
          };
          for (const each of steps) told.take(each);
        }),
        { numRuns: runs },
      );
      // The stories are worth telling only if something is proposed in many of them.
      expect(proposals).toBeGreaterThan(100);
    },
    timeoutMs,
  );
});
