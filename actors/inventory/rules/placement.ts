/** Rules about where services are placed: what a node is (capabilities.yaml) against what a service asks for (service.yaml). */
import type { CapabilitiesFile } from '../../../contracts/inventory/capabilities.ts';
import type { ServiceFile } from '../../../contracts/inventory/service.ts';
import { contentOf, type DeclaredTree } from '../tree.ts';
import { at, type Fault, type Rule } from './rule.ts';
import { inServices, type Placement, viewOf } from './view.ts';

interface Judged {
  readonly placement: Placement;
  readonly node: CapabilitiesFile;
  /** null: there is no service.yaml that can be read. */
  readonly service: ServiceFile['service'] | null;
}

/** Placements on nodes that say what they are. */
const judged = (tree: DeclaredTree): readonly Judged[] =>
  viewOf(tree).placements.flatMap((placement) => {
    const node = contentOf(placement.host.capabilities);
    return node === null ? [] : [{ placement, node, service: contentOf(placement.files?.service ?? 'absent')?.service ?? null }];
  });

/** A rule about each placement; the fault is null where it is right. */
const placementRule = (about: Pick<Rule, 'id' | 'finds' | 'why'>, judge: (each: Judged) => Fault | null): Rule => ({
  ...about,
  severity: 'error',
  *find(tree) {
    for (const each of judged(tree)) {
      const fault = judge(each);
      if (fault !== null) yield fault;
    }
  },
});

const connectivity = placementRule(
  {
    id: 'placement-connectivity',
    finds: 'a service that needs the internet on a node with an intermittent link',
    why: 'it would fail with every cloud that passes, and its copies would eat the data plan',
  },
  ({ placement, node, service }) =>
    service?.needs_internet === true && node.operational.connectivity === 'intermittent'
      ? inServices(placement, [], `${placement.service} needs the internet; the link of ${placement.node} is intermittent`)
      : null,
);

const power = placementRule(
  {
    id: 'placement-power',
    finds: 'a heavy or llm workload on a node with low power or a battery',
    why: 'a model on a small machine starves everything else on it',
  },
  ({ placement, node, service }) =>
    node.operational.power_constraint !== 'none' && (service?.workload === 'heavy' || service?.workload === 'llm')
      ? inServices(placement, [], `the workload of ${placement.service} is ${service.workload}; ${placement.node} is ${node.operational.power_constraint}`)
      : null,
);

const storage = placementRule(
  {
    id: 'placement-storage',
    finds: 'a service with data that must be kept on a node whose storage is ephemeral',
    why: 'a reboot would lose it',
  },
  ({ placement, node, service }) => {
    if (node.storage.persistence !== 'ephemeral') return null;
    const { data_path: path } = placement.declared.runtime;
    if (path !== undefined) return inServices(placement, ['runtime', 'data_path'], `${path} must be kept; the storage of ${placement.node} is ephemeral`);
    const kept = service?.persistence.paths[0];
    return kept === undefined ? null : inServices(placement, [], `${kept} must be kept; the storage of ${placement.node} is ephemeral`);
  },
);

const role = placementRule(
  {
    id: 'placement-role',
    finds: 'a service whose role is among those that the node must not get (deployment.restricted)',
    why: 'whoever restricted it had a reason',
  },
  ({ placement, node }) =>
    node.deployment.restricted.includes(placement.declared.role)
      ? inServices(placement, ['role'], `${placement.node} must not get the role ${placement.declared.role}; it is under deployment.restricted`)
      : null,
);

const engine = placementRule(
  {
    id: 'placement-engine',
    finds: 'a docker-compose service on a node without a container engine',
    why: 'nothing can start it there',
  },
  ({ placement, node }) =>
    node.runtime.container_engine === 'none' && placement.declared.deployment_model === 'docker-compose'
      ? inServices(placement, ['deployment_model'], `${placement.service} is started by docker-compose; ${placement.node} has no container engine`)
      : null,
);

const exposure = placementRule(
  {
    id: 'placement-exposure',
    finds: 'a public service on a node that cannot be reached from outside',
    why: 'nobody could reach it, or somebody will open the network to make it so',
  },
  ({ placement, node }) =>
    placement.declared.exposure === 'public' && node.networking.reachability !== 'public'
      ? inServices(placement, ['exposure'], `public; ${placement.node} is reachable ${node.networking.reachability}`)
      : null,
);

const owner: Rule = {
  id: 'placement-owner',
  severity: 'error',
  finds: 'a service on another node than its owner_node',
  why: 'what runs on one node only has its data there; a second copy works against it',
  *find(tree) {
    for (const placement of viewOf(tree).placements) {
      const home = contentOf(placement.files?.service ?? 'absent')?.service.owner_node;
      if (home === undefined || home === placement.node || !viewOf(tree).nodes.has(home)) continue;
      yield inServices(placement, [], `${placement.service} belongs to ${home} (owner_node in services/${placement.service}/service.yaml)`);
    }
  },
};

const aliveAgent: Rule = {
  id: 'node-without-agent',
  severity: 'warning',
  finds: 'a node with a container engine whose agents do not include node-agent',
  why: 'nobody reports what its containers do, so its services stay unknown',
  *find(tree) {
    for (const { node, services, capabilities } of tree.hosts.values()) {
      if (typeof services === 'string' || contentOf(capabilities)?.runtime.container_engine !== 'docker') continue;
      const { agents } = services.value;
      if (agents === undefined || agents.includes('node-agent')) continue;
      yield at(services, ['agents'], `${node} has docker, and no node-agent among its agents`);
    }
  },
};

export const placementRules: readonly Rule[] = [connectivity, power, storage, role, engine, exposure, owner, aliveAgent];
