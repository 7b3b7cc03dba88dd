/** Rules about names that may be given only once: aliases, containers of a machine, and what ids of actions are made of. */
import { actionId } from '../../../contracts/action.ts';
import { at, type Rule } from './rule.ts';
import { inCompose, inServices, viewOf } from './view.ts';

const aliasClash: Rule = {
  id: 'alias-clash',
  severity: 'error',
  finds: "an alias that is another node's name, or that two nodes claim",
  why: 'messages of one machine would be taken for those of another: that once hid a dead node for weeks',
  *find(tree) {
    if (typeof tree.topology === 'string') return;
    const { nodes } = tree.topology.value;
    const holders = new Map<string, string>();
    for (const [node, { aliases }] of Object.entries(nodes)) {
      for (const [index, alias] of aliases.entries()) {
        const holder = holders.get(alias);
        holders.set(alias, holder ?? node);
        const path = ['nodes', node, 'aliases', index];
        if (alias in nodes || tree.hosts.has(alias)) yield at(tree.topology, path, `${alias} is the name of a node; an alias must not be`);
        else if (holder !== undefined) yield at(tree.topology, path, `${alias} is already an alias of ${holder}`);
      }
    }
  },
};

const containerClash: Rule = {
  id: 'container-clash',
  severity: 'error',
  finds: 'two services of one node with containers of one name',
  why: 'the engine refuses the second, and everything here finds containers by name',
  *find(tree) {
    const holders = new Map<string, string>();
    for (const placement of viewOf(tree).placements) {
      for (const container of placement.containers) {
        // By the name it should have: another container_name is a fault of its own.
        const key = `${placement.node}/${container.name}`;
        const holder = holders.get(key);
        if (holder !== undefined && holder !== placement.service) {
          yield inCompose(container, [], `${container.name} is already a container of ${holder} on ${placement.node}`);
        } else holders.set(key, placement.service);
      }
    }
  },
};

const actionIdClash: Rule = {
  id: 'action-id-clash',
  severity: 'error',
  finds: 'two (node, service) pairs whose actions would have one id, such as a/b-c and a-b/c',
  why: 'an approval must never mean two things',
  *find(tree) {
    const holders = new Map<string, string>();
    for (const placement of viewOf(tree).placements) {
      if (placement.isUnclear) continue;
      const names = placement.containers.length === 0 ? [placement.service] : placement.containers.map(({ name }) => name);
      for (const service of names) {
        const id = actionId({ type: 'container_restart', node: placement.node, service });
        const pair = `${placement.node}/${service}`;
        const holder = holders.get(id);
        // The same pair twice is a clash of containers.
        if (holder !== undefined && holder !== pair)
          yield inServices(placement, [], `its actions would have the same ids as those of ${holder}; rename one of them`);
        else holders.set(id, pair);
      }
    }
  },
};

export const nameRules: readonly Rule[] = [aliasClash, containerClash, actionIdClash];
