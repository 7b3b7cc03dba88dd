/** Rules about things that are said twice, and must be the same: exposure, the overview of the topology, directories. */
import { exposures, olderExposure } from '../../../contracts/inventory/words.ts';
import { contentOf, type DeclaredTree } from '../tree.ts';
import { isAny, portItems, portsOf } from './compose-ports.ts';
import { at, type Fault, type Rule } from './rule.ts';
import { envLines } from './variables.ts';
import { inServices, usesHostNetwork, viewOf } from './view.ts';

const current = (exposure: string): string => (exposure === olderExposure.word ? olderExposure.means : exposure);

const fromNarrow: readonly string[] = exposures;

/** How much further a service is open on a node than its service.yaml says; 0: the same. */
function* exposed(tree: DeclaredTree, isFault: (further: number) => boolean): Iterable<Fault> {
  for (const placement of viewOf(tree).placements) {
    const general = contentOf(placement.files?.service ?? 'absent')?.service.exposure;
    if (general === undefined) continue;
    const [here, there] = [placement.declared.exposure, general].map((each) => fromNarrow.indexOf(current(each)));
    if (!isFault((here ?? 0) - (there ?? 0))) continue;
    yield inServices(placement, ['exposure'], `${placement.declared.exposure} here, ${general} in services/${placement.service}/service.yaml`);
  }
}

const exposureDiffers: Rule = {
  id: 'exposure-differs',
  severity: 'error',
  finds: 'an exposure in services.yaml that is wider than that in service.yaml',
  why: 'a firewall is opened by the one while people read the other',
  find: (tree) => exposed(tree, (further) => further > 0),
};

const exposureNarrower: Rule = {
  id: 'exposure-narrower',
  severity: 'warning',
  finds: 'an exposure in services.yaml that is narrower than that in service.yaml',
  why: 'right where a node shows less on purpose; else somebody will look for it in vain',
  find: (tree) => exposed(tree, (further) => further < 0),
};

/** The narrowest: this machine or its LAN. */
const localOnly = exposures[0];

const exposurePorts: Rule = {
  id: 'exposure-ports',
  severity: 'error',
  finds: `a port published on every address of the machine by a service whose exposure is ${localOnly}`,
  why: 'docker opens a published port past the firewall, so what was meant for the machine is open to the mesh, or to everybody',
  *find(tree) {
    for (const { declared, files, containers } of viewOf(tree).placements) {
      // Where service.yaml says something wider, that is a finding of its own.
      if (declared.exposure !== localOnly || contentOf(files?.service ?? 'absent')?.service.exposure !== localOnly) continue;
      const items = containers.filter((each) => !usesHostNetwork(each)).flatMap((each) => portItems(each, envLines(files?.envExample ?? null)));
      for (const item of items) {
        const open = portsOf(item).find(({ address }) => isAny(address));
        if (open === undefined) continue;
        yield at(item.file, item.path, `${localOnly}, and ${open.host} is open on every address; expected 127.0.0.1:${open.host}:${open.container}`);
      }
    }
  },
};

const olderWord: Rule = {
  id: 'older-exposure',
  severity: 'warning',
  finds: `the older word \`${olderExposure.word}\` for an exposure`,
  why: `it meant ${olderExposure.means} to some and a LAN to others`,
  *find(tree) {
    const detail = `${olderExposure.word} is the older word; write ${olderExposure.means}`;
    for (const placement of viewOf(tree).placements) {
      if (placement.declared.exposure === olderExposure.word) yield inServices(placement, ['exposure'], detail);
    }
    for (const { service } of tree.services.values()) {
      if (typeof service !== 'string' && service.value.service.exposure === olderExposure.word) yield at(service, ['service', 'exposure'], detail);
    }
  },
};

const topologyServices: Rule = {
  id: 'topology-services',
  severity: 'warning',
  finds: "services of a node in the topology that differ from the node's services.yaml",
  why: 'the overview misleads whoever reads only that; services.yaml is what counts',
  *find(tree) {
    if (typeof tree.topology === 'string') return;
    for (const [node, { services: overview }] of Object.entries(tree.topology.value.nodes)) {
      const declared = contentOf(tree.hosts.get(node)?.services ?? 'absent')?.services;
      if (overview === undefined || declared === undefined) continue;
      const names = Object.keys(declared ?? {});
      for (const [index, name] of overview.entries()) {
        if (!names.includes(name)) yield at(tree.topology, ['nodes', node, 'services', index], `hosts/${node}/services.yaml does not have ${name}`);
      }
      const missing = names.filter((name) => !overview.includes(name));
      if (missing.length > 0) yield at(tree.topology, ['nodes', node, 'services'], `hosts/${node}/services.yaml also has ${missing.join(', ')}`);
    }
  },
};

export const overviewRules: readonly Rule[] = [exposureDiffers, exposureNarrower, exposurePorts, olderWord, topologyServices];
