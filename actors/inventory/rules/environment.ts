/** Rules about what a service is given to start with: variables, directories, and the actors that it names. */
import { actorNames } from '../../../contracts/actor-names.ts';
import { PathsFile } from '../../../contracts/inventory/host.ts';
import { contentOf, type HostFiles } from '../tree.ts';
import { at, type Rule } from './rule.ts';
import { envLines, variablesIn } from './variables.ts';
import { inCompose, inServices, type PlacedContainer, viewOf } from './view.ts';

const envExample: Rule = {
  id: 'env-example',
  severity: 'error',
  finds: 'a variable of service.yaml or of a Compose file that env.example does not have',
  why: 'env.example is the only list of what has to be set before a service starts',
  *find(tree) {
    for (const { name, service, compose, envExample: file } of tree.services.values()) {
      // Without the file there is a finding already.
      if (file === null) continue;
      const known = new Set(envLines(file).map((line) => line.name));
      const declared = contentOf(service)?.service.runtime.env_vars ?? [];
      for (const [index, variable] of declared.entries()) {
        if (typeof service !== 'string' && !known.has(variable)) {
          yield at(service, ['service', 'runtime', 'env_vars', index], `${variable} is not in ${file.path}`);
        }
      }
      for (const each of [compose, ...[...tree.hosts.values()].map((host) => host.overrides.get(name) ?? 'absent')]) {
        if (typeof each === 'string') continue;
        const told = new Set<string>();
        for (const use of variablesIn(each.text)) {
          if (known.has(use.name) || told.has(use.name)) continue;
          told.add(use.name);
          yield { file: each.path, place: use.place, detail: `${use.name} is not in ${file.path}` };
        }
      }
    }
  },
};

const runtimePath: Rule = {
  id: 'runtime-path',
  severity: 'error',
  finds: "a runtime path that is not below the node's own (paths.yaml, else /opt/homelab)",
  why: 'backups and clean-ups know these directories only',
  *find(tree) {
    for (const placement of viewOf(tree).placements) {
      if (placement.host.paths === 'broken') continue;
      const paths = pathsOf(placement.host);
      for (const kind of ['config', 'data', 'logs'] as const) {
        const given = placement.declared.runtime[`${kind}_path`];
        const parent = paths[kind];
        if (given === undefined || given === parent || given.startsWith(`${parent}/`)) continue;
        yield inServices(placement, ['runtime', `${kind}_path`], `${given} is not below ${parent}, where ${placement.node} keeps its ${kind}`);
      }
    }
  },
};

const dataPathClash: Rule = {
  id: 'data-path-clash',
  severity: 'error',
  finds: 'two services of one node with one data directory',
  why: 'each would write over the data of the other, and a backup of one takes half of both',
  *find(tree) {
    const holders = new Map<string, string>();
    for (const placement of viewOf(tree).placements) {
      const path = placement.declared.runtime.data_path;
      if (path === undefined) continue;
      const key = `${placement.node} ${path.replace(/\/+$/, '')}`;
      const holder = holders.get(key);
      if (holder !== undefined) yield inServices(placement, ['runtime', 'data_path'], `${path} is already the data directory of ${holder}`);
      else holders.set(key, placement.service);
    }
  },
};

/** Where a node keeps its files, with the defaults filled in. */
function pathsOf(host: HostFiles): { readonly config: string; readonly data: string; readonly logs: string } {
  const { root, config, data, logs } = contentOf(host.paths) ?? PathsFile.parse({});
  return { config: config ?? `${root}/config`, data: data ?? `${root}/data`, logs: logs ?? `${root}/logs` };
}

const unknownAgent: Rule = {
  id: 'unknown-agent',
  severity: 'error',
  finds: 'an agent of a node that is no actor',
  why: 'it would be expected and never come',
  *find(tree) {
    for (const { services } of tree.hosts.values()) {
      if (typeof services === 'string') continue;
      for (const [index, agent] of (services.value.agents ?? []).entries()) {
        if (!actorNames.some((name) => name === agent)) yield at(services, ['agents', index], `there is no actor ${agent}; there are ${actorNames.join(', ')}`);
      }
    }
  },
};

const actorInVersion: Rule = {
  id: 'actor-not-in-this-version',
  severity: 'warning',
  finds: 'a container of the `homelab` image that runs an actor which this version does not have',
  why: 'the container ends at once, again and again, until a version that has it is deployed',
  *find(tree, program) {
    for (const container of viewOf(tree).containers) {
      const missing = actorsRun(container).filter((name) => !program.actors.includes(name));
      if (missing.length > 0) yield inCompose(container, ['command'], `version ${program.version} does not have ${missing.join(', ')} yet`);
    }
  },
};

/** Of `command: ["run", "node-agent", "executor"]`, or the same in one line: the actors. */
function actorsRun({ compose }: PlacedContainer): readonly string[] {
  const { image, command } = compose;
  if (!/(^|\/)homelab(:|@|$)/.test(image ?? '')) return [];
  const words = Array.isArray(command) ? command.map(String) : typeof command === 'string' ? command.split(/\s+/) : [];
  const run = words.indexOf('run');
  return run === -1 ? [] : words.slice(run + 1).filter((word) => /^[a-z]/.test(word));
}

export const environmentRules: readonly Rule[] = [envExample, runtimePath, dataPathClash, unknownAgent, actorInVersion];
