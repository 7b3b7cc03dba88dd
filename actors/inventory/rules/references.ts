/** Rules about names that must lead somewhere: services, nodes, sites and dependencies. */
import { actorOfLogin, frontEnds } from '../../../contracts/actor-names.ts';
import { nearestOf } from '../../../contracts/inventory/nearest.ts';
import { contentOf, type DeclaredTree } from '../tree.ts';
import { at, type Fault, type Rule, wholeFile } from './rule.ts';
import { inServices, isUnknownNode, placementOf, viewOf } from './view.ts';

const meant = (word: string, known: Iterable<string>): string => {
  const nearest = nearestOf(word, known);
  return nearest === null ? '' : `; did you mean ${nearest}?`;
};

const unknownService: Rule = {
  id: 'unknown-service',
  severity: 'error',
  finds: 'a service that is nowhere: not in services/, or not on the node that a broker, a window or a device names',
  why: 'a misspelt name would be missing for ever, or a window would protect nothing',
  *find(tree) {
    for (const placement of viewOf(tree).placements) {
      const { service, files, declared } = placement;
      // What is started otherwise, or from somewhere else, needs no directory.
      const isFromHere = declared.deployment_model === 'docker-compose' && declared.in_repository;
      if (files !== null || !isFromHere || tree.servicesDirectory === 'unreadable') continue;
      yield inServices(placement, [], `there is no directory services/${service}${meant(service, tree.services.keys())}`);
    }
    yield* brokerServices(tree);
    yield* maintainedServices(tree);
    yield* devicesUsed(tree);
  },
};

function* brokerServices(tree: DeclaredTree): Iterable<Fault> {
  if (typeof tree.topology === 'string') return;
  for (const [name, { broker }] of Object.entries(tree.topology.value.sites)) {
    if (!tree.hosts.has(broker.node) || placementOf(tree, broker.node, broker.service) !== 'none') continue;
    yield at(
      tree.topology,
      ['sites', name, 'broker', 'service'],
      `${broker.node} does not declare ${broker.service}${onNode(tree, broker.node, broker.service)}`,
    );
  }
}

function* maintainedServices(tree: DeclaredTree): Iterable<Fault> {
  if (typeof tree.maintenance === 'string') return;
  for (const [index, { nodes, service }] of tree.maintenance.value.windows.entries()) {
    if (service === undefined) continue;
    const without = nodes.filter((node) => tree.hosts.has(node) && placementOf(tree, node, service) === 'none');
    if (without.length > 0) yield at(tree.maintenance, ['windows', index, 'service'], `${service} is not declared on ${without.join(', ')}`);
  }
}

function* devicesUsed(tree: DeclaredTree): Iterable<Fault> {
  for (const { node, networking } of tree.hosts.values()) {
    if (typeof networking === 'string') continue;
    for (const [name, { used_by: user }] of Object.entries(networking.value.devices)) {
      if (user === undefined || placementOf(tree, node, user) !== 'none') continue;
      yield at(networking, ['devices', name, 'used_by'], `${node} does not declare ${user}${onNode(tree, node, user)}`);
    }
  }
}

const onNode = (tree: DeclaredTree, node: string, service: string): string =>
  meant(
    service,
    viewOf(tree)
      .placements.filter((placement) => placement.node === node)
      .map((placement) => placement.service),
  );

const unknownNode: Rule = {
  id: 'unknown-node',
  severity: 'error',
  finds: 'a node that is neither in inventory/topology.yaml nor in hosts/',
  why: 'what names it would wait for a machine that does not exist',
  *find(tree) {
    const unknown = (name: string): string | null => (isUnknownNode(tree, name) ? `there is no node ${name}${meant(name, viewOf(tree).nodes)}` : null);
    if (typeof tree.topology !== 'string') {
      for (const [site, { broker }] of Object.entries(tree.topology.value.sites)) {
        const detail = unknown(broker.node);
        if (detail !== null) yield at(tree.topology, ['sites', site, 'broker', 'node'], detail);
      }
    }
    if (typeof tree.maintenance !== 'string') {
      for (const [index, window] of tree.maintenance.value.windows.entries()) {
        for (const [each, node] of window.nodes.entries()) {
          const detail = unknown(node);
          if (detail !== null) yield at(tree.maintenance, ['windows', index, 'nodes', each], detail);
        }
      }
    }
    for (const { service } of tree.services.values()) {
      const owner = contentOf(service)?.service.owner_node;
      const detail = owner === undefined ? null : unknown(owner);
      if (detail !== null && typeof service !== 'string') yield at(service, ['service', 'owner_node'], detail);
    }
    if (typeof tree.access !== 'string') {
      for (const login of Object.keys(tree.access.value.logins ?? {})) {
        const actor = actorOfLogin(login);
        const detail = actor === null || actor.node === null ? null : unknown(actor.node);
        if (detail !== null) yield at(tree.access, ['logins', login], `the login of ${actor?.actor} on a node: ${detail}`);
      }
    }
  },
};

const nodeFiles: Rule = {
  id: 'node-without-files',
  severity: 'error',
  finds: 'a node of the topology without hosts/<node>/services.yaml, or a directory in hosts/ that the topology does not name',
  why: 'one half of the truth is missing: what it should run, or where it belongs',
  *find(tree) {
    if (typeof tree.topology === 'string' || tree.hostsDirectory === 'unreadable') return;
    const { nodes } = tree.topology.value;
    for (const node of Object.keys(nodes)) {
      if ((tree.hosts.get(node)?.services ?? 'absent') === 'absent') yield at(tree.topology, ['nodes', node], `there is no hosts/${node}/services.yaml`);
    }
    for (const node of tree.hosts.keys()) {
      if (!(node in nodes)) yield wholeFile(`hosts/${node}`, `${node} is not among the nodes of inventory/topology.yaml${meant(node, Object.keys(nodes))}`);
    }
  },
};

const unknownSite: Rule = {
  id: 'unknown-site',
  severity: 'error',
  finds: 'a site that the topology does not have, a broker outside of its own site, or a services.yaml that contradicts the topology',
  why: 'the actors of that node would talk to no broker, or to the wrong one',
  *find(tree) {
    if (typeof tree.topology === 'string') return;
    const { sites, nodes } = tree.topology.value;
    for (const [node, { site }] of Object.entries(nodes)) {
      if (!(site in sites)) yield at(tree.topology, ['nodes', node, 'site'], `there is no site ${site}${meant(site, Object.keys(sites))}`);
    }
    for (const [name, { broker, uplink }] of Object.entries(sites)) {
      const upstream = uplink.to ?? 'hub';
      if (uplink.kind !== 'none' && (!(upstream in sites) || upstream === name)) {
        yield at(tree.topology, ['sites', name, 'uplink', 'to'], `the uplink leads to ${upstream}; expected another site of this file`);
      }
      const home = nodes[broker.node]?.site;
      if (home !== undefined && home !== name && home in sites) {
        yield at(tree.topology, ['sites', name, 'broker', 'node'], `${broker.node} belongs to the site ${home}; expected a node of ${name}`);
      }
    }
    for (const { node, services } of tree.hosts.values()) {
      const said = contentOf(services)?.site;
      const site = nodes[node]?.site;
      if (typeof services !== 'string' && said !== undefined && site !== undefined && said !== site) {
        yield at(services, ['site'], `the site is ${said} here and ${site} in inventory/topology.yaml, which decides; remove it here`);
      }
    }
  },
};

const unknownDependency: Rule = {
  id: 'unknown-dependency',
  severity: 'error',
  finds: 'a dependency on something that is not declared where it is looked for',
  why: 'its trouble would explain nothing, and a restart would not wait for it',
  *find(tree) {
    for (const placement of viewOf(tree).placements) {
      const { node, declared } = placement;
      for (const [index, name] of declared.depends_on.local.entries()) {
        if (placementOf(tree, node, name) !== 'none') continue;
        yield inServices(placement, ['depends_on', 'local', index], `${node} does not declare ${name}${elsewhere(tree, node, name)}`);
      }
      for (const [index, reference] of declared.depends_on.external.entries()) {
        const detail = externalFault(tree, node, reference);
        if (detail !== null) yield inServices(placement, ['depends_on', 'external', index], detail);
      }
    }
    for (const { service } of tree.services.values()) {
      if (typeof service === 'string') continue;
      for (const [index, name] of service.value.service.dependencies.entries()) {
        if (tree.services.has(name) || isDeclaredSomewhere(tree, name)) continue;
        yield at(service, ['service', 'dependencies', index], `there is no service ${name}${meant(name, tree.services.keys())}`);
      }
    }
  },
};

function elsewhere(tree: DeclaredTree, node: string, name: string): string {
  const other = viewOf(tree).placements.find((placement) => placement.service === name);
  return other === undefined ? onNode(tree, node, name) : `; ${other.node} does: external: [${other.node}/${name}]`;
}

function externalFault(tree: DeclaredTree, from: string, reference: string): string | null {
  if (reference.includes('://')) return null;
  const [node = '', name = ''] = reference.split('/');
  if (node === from) return `${reference} is on this node; expected it under local, as ${name}`;
  if (isUnknownNode(tree, node)) return `there is no node ${node}${meant(node, viewOf(tree).nodes)}`;
  if (tree.hosts.get(node)?.services === undefined) return null;
  return placementOf(tree, node, name) === 'none' ? `${node} does not declare ${name}${onNode(tree, node, name)}` : null;
}

const isDeclaredSomewhere = (tree: DeclaredTree, name: string): boolean =>
  tree.servicesDirectory === 'unreadable' || [...tree.hosts.keys()].some((node) => placementOf(tree, node, name) !== 'none');

const actorLogin: Rule = {
  id: 'actor-login',
  severity: 'error',
  finds: 'a role for a login that belongs to an actor of ours which is no front end',
  why: 'it has the role of its actor whatever this file says; a program must never be able to approve',
  *find(tree) {
    if (typeof tree.access === 'string') return;
    for (const [login, role] of Object.entries(tree.access.value.logins ?? {})) {
      const actor = actorOfLogin(login)?.actor;
      if (actor === undefined || (frontEnds.includes(actor) && role !== 'operator')) continue;
      const expected = frontEnds.includes(actor) ? 'a front end is a delegate: it speaks for people and is none' : 'remove it';
      yield at(tree.access, ['logins', login], `${login} is the login of ${actor}, here with the role ${role}; ${expected}`);
    }
  },
};

export const referenceRules: readonly Rule[] = [unknownService, unknownNode, nodeFiles, unknownSite, unknownDependency, actorLogin];
