/**
 * What a person can do to the demo homelab, and what each of it does to the simulated world. `homelab demo` sends a deed, the
 * running demo performs it and answers in one line that says what to expect.
 */
import { z } from 'zod';
import type { Container } from '../../adapters/simulated/container.ts';
import type { UnwatchedNode } from './homelab.ts';
import type { DemoNode } from './node.ts';

/** To a service: `homelab demo break piha mosquitto`. */
const serviceDeeds = {
  break: 'kill its container, as `docker kill` would',
  stop: 'stop it, as a person would',
  oom: 'let it run out of memory, again and again until it is restarted',
  flap: 'let it crash again after every start, until it is healed',
  heal: 'let it be well, and start it',
} as const;

/** To a node: `homelab demo kill-node piha`. */
const nodeDeeds = {
  'kill-node': 'cut its power: every connection drops, every container ends',
  'start-node': 'power again',
  'hang-engine': 'its container engine takes requests and answers none',
  'unhang-engine': 'its container engine goes on',
  'fill-disk': 'its disk is 97 % full',
  'free-disk': 'its disk is as it was',
} as const;

/** For `--help`. */
export const deedsHelp = [
  '',
  'To a service:',
  ...Object.entries(serviceDeeds).map(([name, what]) => `  ${`${name} <node> <service>`.padEnd(26)}${what}`),
  'To a node:',
  ...Object.entries(nodeDeeds).map(([name, what]) => `  ${`${name} <node>`.padEnd(26)}${what}`),
  `  ${'list'.padEnd(26)}nodes and services, and how they are`,
].join('\n');

type ServiceDeed = keyof typeof serviceDeeds;
type NodeDeed = keyof typeof nodeDeeds;
const deedNames = [...Object.keys(serviceDeeds), ...Object.keys(nodeDeeds), 'list'] as const;

/** One line of JSON, as it comes through the socket. */
export const DeedRequest = z.object({ do: z.string(), node: z.string().optional(), service: z.string().optional() });
export type DeedRequest = z.infer<typeof DeedRequest>;

/** One line of JSON back. */
export const DeedAnswer = z.object({
  ok: z.boolean(),
  code: z.string().describe('done, listed, unknown_deed, unknown_node, unknown_service, node_off, failed'),
  simulated: z.literal(true),
  summary: z.string(),
  nodes: z.array(z.object({ node: z.string(), means: z.string(), status: z.string(), services: z.record(z.string(), z.string()) })).optional(),
});
export type DeedAnswer = z.infer<typeof DeedAnswer>;

const answer = (ok: boolean, code: string, summary: string): DeedAnswer => ({ ok, code, simulated: true, summary: `${summary} (simulated)` });
const done = (summary: string): DeedAnswer => answer(true, 'done', summary);

export interface DemoParts {
  readonly nodes: readonly DemoNode[];
  readonly unwatched: readonly UnwatchedNode[];
}

export async function perform({ nodes, unwatched }: DemoParts, request: DeedRequest): Promise<DeedAnswer> {
  if (request.do === 'list')
    return { ...answer(true, 'listed', `${nodes.length} nodes`), nodes: [...nodes.map(described), ...unwatched.map(describedUnwatched)] };
  if (!isServiceDeed(request.do) && !isNodeDeed(request.do)) {
    return answer(false, 'unknown_deed', `nothing is called ${JSON.stringify(request.do)}; there are: ${deedNames.join(', ')}`);
  }
  const node = nodes.find(({ name }) => name === request.node);
  if (node === undefined) return answer(false, 'unknown_node', `${notFound('node', request.node)}; there are: ${nodes.map(({ name }) => name).join(', ')}`);
  if (isNodeDeed(request.do)) return toNode(node, request.do);
  const services = node.machine.engine.world.all().reverse();
  const container = services.find(({ name }) => name === request.service);
  if (container === undefined) {
    return answer(
      false,
      'unknown_service',
      `${notFound('service', request.service)} on ${node.name}; there are: ${services.map(({ name }) => name).join(', ')}`,
    );
  }
  return node.hasPower ? toService(node, container, request.do) : off(node);
}

const isServiceDeed = (name: string): name is ServiceDeed => Object.hasOwn(serviceDeeds, name);
const isNodeDeed = (name: string): name is NodeDeed => Object.hasOwn(nodeDeeds, name);
const notFound = (what: string, name: string | undefined): string =>
  name === undefined ? `a ${what} must be named` : `no ${what} is called ${JSON.stringify(name)}`;
const off = ({ name }: DemoNode): DeedAnswer => answer(false, 'node_off', `${name} has no power; give it some: homelab demo start-node ${name}`);

const described = ({ name, hasPower, machine }: DemoNode): NonNullable<DeedAnswer['nodes']>[number] => ({
  node: name,
  means: machine.means,
  status: hasPower ? machine.engine.state : 'off',
  services: Object.fromEntries(
    machine.engine.world
      .all()
      .reverse()
      .map((container) => [container.name, container.fault === null ? container.status : `${container.status}, ${container.fault}`]),
  ),
});

const describedUnwatched = ({ name, means, services }: UnwatchedNode): NonNullable<DeedAnswer['nodes']>[number] => ({
  node: name,
  means,
  status: 'unmonitored',
  services: Object.fromEntries(services.map((service) => [service, 'not watched'])),
});

function toService(node: DemoNode, container: Container, deed: ServiceDeed): DeedAnswer {
  const { world } = node.machine.engine;
  const what = `${container.name} on ${node.name}`;
  const isUp = container.status === 'running';
  switch (deed) {
    case 'break':
      if (container.status === 'exited') return done(`${what} is down already`);
      world.kill(container, 9);
      return done(`${what} was killed; a restart will be proposed: homelab actions, then homelab approve next`);
    case 'stop':
      if (container.status === 'exited') return done(`${what} is not running`);
      world.stop(container);
      return done(`${what} was stopped; it is declared, so that it will be proposed to start it again`);
    case 'oom':
      if (!isUp) world.start(container);
      world.setFault(container, 'oom');
      return done(`${what} runs out of memory, and again whenever its restart policy starts it; an approved restart cures it`);
    case 'flap':
      if (!isUp) world.start(container);
      world.setFault(container, 'flap');
      return done(`${what} crashes soon after every start; no restart cures it, only: homelab demo heal ${node.name} ${container.name}`);
    case 'heal':
      world.setFault(container, null);
      if (!isUp) world.start(container);
      return done(`${what} runs, and nothing is wrong with it`);
  }
}

async function toNode(node: DemoNode, deed: NodeDeed): Promise<DeedAnswer> {
  const { name, machine } = node;
  if (!node.hasPower && deed !== 'start-node' && deed !== 'kill-node') return off(node);
  switch (deed) {
    case 'kill-node':
      await node.losePower();
      return done(`${name} has no power; what ran there is unknown until: homelab demo start-node ${name}`);
    case 'start-node':
      node.start();
      return done(`${name} has power; its containers start`);
    case 'hang-engine':
      machine.engine.hang();
      return done(`the engine of ${name} answers nobody; within 10 s its services are unknown. It goes on with: homelab demo unhang-engine ${name}`);
    case 'unhang-engine':
      machine.engine.unhang();
      return done(`the engine of ${name} answers`);
    case 'fill-disk':
      machine.host.fillDisk();
      return done(
        `the disk of ${name} is 97 % full; an incident follows within 10 s and the grace, and where its cleanup_class allows it a clean-up is proposed. It is freed with: homelab demo free-disk ${name}`,
      );
    case 'free-disk':
      machine.host.freeDisk();
      return done(`the disk of ${name} has room`);
  }
}
