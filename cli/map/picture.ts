/**
 * Service maps of the declared homelab as Mermaid flowcharts, which GitHub and most Markdown viewers draw. Pure.
 *
 * An arrow goes from a service to what it needs. Other machines are boxes at the edge, with only those of their services that are
 * concerned; where more than a few of one machine need the same thing, they are one box that counts them.
 */
import { type Placement, siteOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree } from '../../actors/inventory/tree.ts';
import { type Graph, keyOf, type Need } from '../declared/graph.ts';
import { portsOf } from '../declared/ports.ts';

/** Services of another machine that are drawn one by one; a hub's broker is needed by nearly everybody. */
const drawnSinglyMax = 2;

/** Closer together than usual: a machine with a dozen services should fit on a screen. */
const head = '%%{init: {"flowchart": {"nodeSpacing": 22, "rankSpacing": 70}}}%%';

/** Colours by exposure, readable on a light and a dark page. */
const classes = [
  'classDef public fill:#ffe3e3,stroke:#c92a2a,color:#212529',
  'classDef mesh fill:#e7f5ff,stroke:#1971c2,color:#212529',
  'classDef local fill:#f1f3f5,stroke:#868e96,color:#212529',
  'classDef elsewhere fill:#fff9db,stroke:#f08c00,color:#212529',
  'classDef outside fill:#ffffff,stroke:#868e96,color:#212529,stroke-dasharray:4 3',
  'classDef unseen fill:none,stroke:none',
  'classDef machine fill:none,stroke:#868e96',
  'classDef otherMachine fill:none,stroke:#868e96,stroke-dasharray:4 3',
] as const;
/** Services that nothing is connected to would make one long column. */
const loosePerRow = 3;
const classOf = { public: 'public', 'tailscale-internal': 'mesh', private: 'mesh', 'local-only': 'local' } as const;

/** For readers of the pictures. */
export const legend =
  'Red: public. Blue: reachable in the mesh. Grey: this machine and its LAN. Yellow, in a dashed frame: on another machine. Dashed: outside of the homelab. An arrow leads to what is needed.';

/** null: nothing is declared on it. */
export function nodePicture(graph: Graph, node: string): string | null {
  const outgoing = graph.needs.filter((need) => need.from.node === node);
  const own = byTarget(
    graph.placements.filter((placement) => placement.node === node),
    outgoing,
  );
  if (own.length === 0) return null;
  const incoming = graph.needs.filter((need) => need.to?.node === node && need.from.node !== node);
  const callers = groupCallers(incoming);
  const loose = own.filter((placement) => ![...outgoing, ...incoming].some(({ from, to }) => from === placement || to === placement));
  return lines([
    head,
    'flowchart LR',
    ...classes,
    ...callersOf(callers),
    `subgraph ${id('node', node)}["${text(node)}"]`,
    ...own.filter((placement) => !loose.includes(placement)).map((placement) => `  ${serviceBox(placement)}`),
    ...looseServices(node, loose),
    'end',
    `class ${id('node', node)} machine`,
    ...needed(outgoing.filter(isElsewhere)),
    // Three dashes: one column further left than the services of this machine.
    ...callers.map(({ target, key }) => `${key} ---> ${id('own', target)}`),
    ...outgoing.map((need) => `${id('own', keyOf(need.from))} ${isElsewhere(need) ? '--->' : '-->'} ${targetId(need, node)}`),
  ]);
}

/** Those that need the same stand next to each other, so that their arrows do not run behind others. */
function byTarget(own: readonly Placement[], outgoing: readonly Need[]): readonly Placement[] {
  const targets = new Map(
    own.map((placement) => [
      placement,
      outgoing
        .flatMap((need) => (need.from === placement ? [isElsewhere(need) ? `~${need.name}` : need.name] : []))
        .sort()
        .join(' '),
    ]),
  );
  return [...own].sort((a, b) => compare(targets.get(a) ?? '', targets.get(b) ?? ''));
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sites, their machines, and which needs the services of which. */
export function overviewPicture(tree: DeclaredTree, graph: Graph): string {
  const topology = contentOf(tree.topology);
  const nodes = [...new Set([...Object.keys(topology?.nodes ?? {}), ...tree.hosts.keys()])];
  const sites = [...new Set(nodes.map((node) => siteOf(tree, node) ?? ''))];
  const brokers = new Set(Object.values(topology?.sites ?? {}).map(({ broker }) => broker.node));
  const between = new Set(
    graph.needs.flatMap(({ from, to }) => (to === null || to.node === from.node ? [] : [`${id('node', from.node)} --> ${id('node', to.node)}`])),
  );
  const uplinks = Object.entries(topology?.sites ?? {}).filter(([, { uplink }]) => uplink.kind !== 'none');
  return lines([
    head,
    'flowchart LR',
    ...classes,
    ...sites.flatMap((site) => [
      `subgraph ${id('site', site)}["${text(site === '' ? 'no site' : `site ${site}`)}"]`,
      ...nodes.filter((node) => (siteOf(tree, node) ?? '') === site).map((node) => `  ${nodeBox(tree, graph, node, brokers.has(node))}`),
      'end',
      `class ${id('site', site)} machine`,
    ]),
    ...[...between].sort(),
    ...uplinks.map(([site, { uplink }]) => `${id('site', site)} -. ${uplink.kind === 'lte' ? 'LTE uplink' : 'uplink'} .-> ${id('site', uplink.to ?? 'hub')}`),
  ]);
}

function nodeBox(tree: DeclaredTree, graph: Graph, node: string, isBroker: boolean): string {
  const count = graph.placements.filter((placement) => placement.node === node).length;
  const roles = contentOf(tree.topology)?.nodes[node]?.roles ?? [];
  const label = [`<b>${text(node)}</b>`, text(roles.join(', ')), `${count} service${count === 1 ? '' : 's'}${isBroker ? ', broker' : ''}`]
    .filter(Boolean)
    .join('<br/>');
  return `${id('node', node)}["${label}"]:::${isBroker ? 'mesh' : 'local'}`;
}

function serviceBox(placement: Placement): string {
  const { declared, service, containers } = placement;
  const ports = portsOf(placement);
  const parts = containers.length > 1 ? `${containers.length} containers` : declared.deployment_model === 'docker-compose' ? '' : declared.deployment_model;
  const label = [`<b>${text(service)}</b>`, ports.length === 0 ? '' : text(`:${ports.join(' :')}`), text(parts)].filter(Boolean).join('<br/>');
  return `${id('own', keyOf(placement))}["${label}"]:::${classOf[declared.exposure]}`;
}

interface Caller {
  /** Mermaid's name of the box. */
  readonly key: string;
  readonly node: string;
  readonly label: string;
  /** `<node>/<service>` that it needs. */
  readonly target: string;
}

/** One box for each caller, or one for all of a machine that need the same. */
function groupCallers(incoming: readonly Need[]): readonly Caller[] {
  const groups = new Map<string, Need[]>();
  for (const need of incoming) {
    if (need.to === null) continue;
    const key = `${need.from.node} ${keyOf(need.to)}`;
    groups.set(key, [...(groups.get(key) ?? []), need]);
  }
  return [...groups.values()].flatMap((needs): readonly Caller[] => {
    const [first] = needs;
    if (first === undefined || first.to === null) return [];
    const { node } = first.from;
    const target = keyOf(first.to);
    if (needs.length > drawnSinglyMax) return [{ key: id('many', `${node} ${target}`), node, label: `${needs.length} services`, target }];
    return needs.map(({ from }) => ({ key: id('caller', keyOf(from)), node, label: from.service, target }));
  });
}

function callersOf(callers: readonly Caller[]): readonly string[] {
  const nodes = [...new Set(callers.map(({ node }) => node))].sort();
  return nodes.flatMap((node) => {
    const boxes = new Map(callers.filter((each) => each.node === node).map(({ key, label }) => [key, label]));
    return [
      `subgraph ${id('from', node)}["${text(node)}"]`,
      ...[...boxes].map(([key, label]) => `  ${key}["${text(label)}"]:::elsewhere`),
      'end',
      `class ${id('from', node)} otherMachine`,
    ];
  });
}

/** A frame of their own that is not drawn, so that no arrow runs behind them; `~~~` is a link that is not drawn. */
function looseServices(node: string, loose: readonly Placement[]): readonly string[] {
  if (loose.length === 0) return [];
  const keys = loose.map((placement) => id('own', keyOf(placement)));
  const rows = keys.flatMap((key, at) => (at % loosePerRow === 0 ? [] : [`    ${keys[at - 1] ?? key} ~~~ ${key}`]));
  return [
    `  subgraph ${id('loose', node)}[" "]`,
    '    direction LR',
    ...loose.map((placement) => `    ${serviceBox(placement)}`),
    ...rows,
    '  end',
    `  class ${id('loose', node)} unseen`,
  ];
}

const isElsewhere = ({ from, to, distance }: Need): boolean => to === null || to.node !== from.node || distance === 'outside';

function needed(needs: readonly Need[]): readonly string[] {
  const outside = [...new Set(needs.filter(({ to }) => to === null).map(({ name }) => name))];
  const nodes = [...new Set(needs.flatMap(({ to }) => to?.node ?? []))].sort();
  return [
    ...nodes.flatMap((node) => {
      const services = [...new Set(needs.flatMap(({ to }) => (to?.node === node ? to.service : [])))];
      return [
        `subgraph ${id('to', node)}["${text(node)}"]`,
        ...services.map((service) => `  ${id('needed', `${node}/${service}`)}["${text(service)}"]:::elsewhere`),
        'end',
        `class ${id('to', node)} otherMachine`,
      ];
    }),
    ...outside.map((name) => `${id('outside', name)}(["${text(name.replace(/^https?:\/\//, ''))}"]):::outside`),
  ];
}

function targetId({ to, name }: Need, node: string): string {
  if (to === null) return id('outside', name);
  return id(to.node === node ? 'own' : 'needed', keyOf(to));
}

/** Mermaid's names hold letters, digits and underscores; every other character is spelt out, so that no two become one. */
const id = (kind: string, name: string): string => `${kind}_${name.replace(/[^A-Za-z0-9]/g, (found) => `_${found.charCodeAt(0).toString(16)}_`)}`;
/** Quotes end a label, and Markdown or HTML in it would be rendered. */
const text = (given: string): string => given.replace(/[&<>"#`*]/g, (found) => `#${found.charCodeAt(0)};`);
const lines = (given: readonly string[]): string => given.join('\n');
