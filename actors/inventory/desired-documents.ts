/** The bodies of `desired/<node>`, from what is declared and what was adopted. Pure. */
import type { DesiredNode } from '../../contracts/desired.ts';
import type { DeclaredNode, InventoryProblem } from '../../contracts/inventory/memory.ts';
import type { Declared } from './declared.ts';

export type DesiredBody = Omit<DesiredNode, 'ts' | 'session' | 'rev'>;

export interface Defaults {
  /** Actors expected on a node whose file does not name any. */
  readonly agents: readonly string[];
  readonly site: string;
}

const count = (services: number): string => `${services} ${services === 1 ? 'service' : 'services'}`;

export const placeOf = ({ file, line, column }: InventoryProblem): string =>
  [file, ...(line === null ? [] : [line]), ...(column === null ? [] : [column])].join(':');

export function declaredBody(node: string, version: DeclaredNode, declared: Declared, defaults: Defaults): DesiredBody {
  const problem = declared.problems.find(({ holds }) => holds?.includes(node));
  const broken = problem === undefined ? '' : `; the last good version is in force, see ${placeOf(problem)}`;
  const { site, agents, services, ...rest } = version;
  return {
    status: 'declared',
    summary: `${count(services.length)} declared in hosts/${node}/services.yaml${broken}`.slice(0, summaryCharsMax),
    node,
    site: site ?? defaults.site,
    ...rest,
    agents: [...(agents ?? defaults.agents)],
    services: services.map((service) => ({ origin: 'declared', ...service })),
    access: declared.access,
  };
}

/** contracts/common.ts, documentHead. */
const summaryCharsMax = 400;

export function adoptedBody(node: string, adopted: readonly string[], declared: Declared, defaults: Defaults): DesiredBody {
  const { site, ...place } = declared.topology?.[node] ?? { site: defaults.site };
  return {
    status: 'adopted',
    summary: adopted.length === 0 ? 'nothing adopted yet: no inventory, and no service seen running' : `${count(adopted.length)} adopted because seen running`,
    node,
    site,
    ...place,
    agents: [...defaults.agents],
    services: adopted.map((name) => ({ name, origin: 'adopted', monitor: true })),
    access: declared.access,
  };
}
