/**
 * The files that `homelab init` proposes for a machine, as text. Pure: facts in, files out.
 *
 * What was found out stands as it is; what had to be guessed says "please check" behind it. Comments are for the reviewer.
 */
import type { Hardware } from '../../adapters/host/hardware.ts';
import type { AccessList } from '../../contracts/desired.ts';
import type { CapabilitiesFile } from '../../contracts/inventory/capabilities.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import type { ProposedService, Selection } from './services.ts';

export interface MachineFacts {
  readonly node: string;
  readonly site: string;
  readonly hardware: Hardware;
  /** null: there is no container engine. */
  readonly selection: Selection | null;
  /** null: not installed. */
  readonly composeVersion: string | null;
  /** The schemas for editors are where the first line of each file would look for them. */
  readonly hasSchemas: boolean;
}

export interface ProposedFile {
  readonly path: string;
  readonly text: string;
  /** What is in it, a few words. */
  readonly summary: string;
}

const check = 'please check';

export function proposedFiles(facts: MachineFacts): readonly ProposedFile[] {
  return [capabilitiesFile(facts), servicesFile(facts)];
}

function capabilitiesFile(facts: MachineFacts): ProposedFile {
  const { hardware, composeVersion, selection } = facts;
  const { disk } = hardware;
  const medium: CapabilitiesFile['storage']['type'] = disk.medium ?? 'ssd';
  const gibibytes = Math.round((hardware.memoryBytes / 1024 ** 3) * 10) / 10;
  const lines = [
    'hardware:',
    '  cpu:',
    `    arch: ${hardware.arch ?? `amd64   # ${check}: not known`}`,
    `    cores: ${hardware.cores}`,
    ...(hardware.threads === hardware.cores ? [] : [`    threads: ${hardware.threads}`]),
    '  memory:',
    `    total_gb: ${gibibytes}   # what the system has of it, in GiB`,
    'storage:',
    `  persistence: persistent   # ${check}: redundant with a mirror`,
    `  type: ${medium}${disk.medium === null ? `   # ${check}: not known` : ''}`,
    `  capacity_gb: ${disk.bytes === null ? `32   # ${check}: not known` : Math.max(1, Math.round(disk.bytes / 1e9))}`,
    'networking:',
    hardware.hasPublicAddress ? '  reachability: public' : `  reachability: lan-only   # ${check}: or tailscale-only`,
    `  bandwidth: high   # ${check}: metered where the uplink costs by the byte`,
    'runtime:',
    `  container_engine: ${selection === null ? 'none' : 'docker'}`,
    ...(composeVersion === null ? [] : [`  compose_version: "${composeVersion}"`]),
    `  os: ${hardware.os === null ? `linux   # ${check}` : yamlWord(hardware.os)}`,
    'operational:',
    `  connectivity: stable   # ${check}: intermittent behind LTE`,
    `  availability_target: best-effort   # ${check}`,
    `  cleanup_class: ${medium === 'sd_card' ? 'sd_card' : 'standard'}   # ${check}: lte_node is never cleaned up`,
  ];
  const guesses = lines.filter((line) => line.includes(check)).length;
  return {
    path: pathOf('capabilities', facts),
    text: withSchema('capabilities', facts, ['# Found out by `homelab init`; a line with "please check" is a guess.', ...lines]),
    summary: `${hardware.cores} cores, ${gibibytes} GiB; ${guesses} guesses to check`,
  };
}

function servicesFile(facts: MachineFacts): ProposedFile {
  const { services, leftOut } = facts.selection ?? { services: [], leftOut: [] };
  const lines = [
    '# What runs here, found out by `homelab init`. Anything of it that is missing is drift: delete what should not count.',
    '# `in_repository: false`: its Compose file is not kept here. Give it a directory in services/, and delete that line.',
    services.length === 0 ? 'services: {}' : 'services:',
    ...services.flatMap((service, at) => [...projectComment(service, services[at - 1]), ...serviceLines(service)]),
    ...(leftOut.length === 0 ? [] : ['# Left out:', ...leftOut.map(({ name, why }) => `#   ${name}: ${why}`)]),
  ];
  return {
    path: pathOf('services', facts),
    text: withSchema('services', facts, lines),
    summary: `${counted(services.length, 'service')}${leftOut.length === 0 ? '' : `; ${leftOut.length} left out, listed at its end`}`,
  };
}

function projectComment({ project }: ProposedService, before: ProposedService | undefined): readonly string[] {
  if (before !== undefined && before.project === project) return [];
  return [`  # ${project === null ? 'started without compose' : `compose project ${project}`}`];
}

function serviceLines({ name, role, dependsOn, configPath, dataPath, remark }: ProposedService): readonly string[] {
  const runtime = [...(configPath === null ? [] : [`      config_path: ${configPath}`]), ...(dataPath === null ? [] : [`      data_path: ${dataPath}`])];
  return [
    `  ${yamlWord(name)}:   # ${remark}`,
    `    role: ${role}`,
    '    in_repository: false',
    ...(dependsOn.length === 0 ? [] : ['    depends_on:', `      local: [${dependsOn.map(yamlWord).join(', ')}]`]),
    ...(runtime.length === 0 ? [] : ['    runtime:', ...runtime]),
  ];
}

/** The whole file where there is none yet. `broker`: the service on this machine that is one. */
export const topologyFile = (facts: MachineFacts, broker: string): ProposedFile => ({
  path: pathOf('topology', facts),
  text: withSchema('topology', facts, [
    'sites:',
    `  ${facts.site}:`,
    '    broker:',
    `      node: ${yamlWord(facts.node)}`,
    `      service: ${yamlWord(broker)}`,
    'nodes:',
    ...topologyLines(facts),
  ]),
  summary: `one site, ${facts.site}, around the broker ${broker} on ${facts.node}`,
});

/** Who may do what now, so that nobody is locked out by a list that names others. */
export const accessFile = (facts: MachineFacts, roles: AccessList): ProposedFile => ({
  path: pathOf('access', facts),
  text: withSchema('access', facts, [
    '# Who has a login on this machine, with what it may do now. Who is not in this list is let in nowhere; actors need no line.',
    'logins:',
    ...Object.entries(roles).map(([login, role]) => `  ${yamlWord(login)}: ${role}`),
  ]),
  summary: `${counted(Object.keys(roles).length, 'login')}, with the ${Object.keys(roles).length === 1 ? 'role' : 'roles'} of now`,
});

/** What belongs below `nodes:` of inventory/topology.yaml. */
export const topologyLines = ({ node, site }: MachineFacts): readonly string[] => [
  `  ${yamlWord(node)}:`,
  `    site: ${site}`,
  `    roles: []   # ${check}: what it is for, in words`,
];

const pathOf = (kind: keyof typeof inventoryFiles, { node }: MachineFacts): string => inventoryFiles[kind].path.replace('<node>', node);

function withSchema(kind: keyof typeof inventoryFiles, facts: MachineFacts, lines: readonly string[]): string {
  const up = '../'.repeat(pathOf(kind, facts).split('/').length - 1);
  const schema = facts.hasSchemas ? [`# yaml-language-server: $schema=${up}docs/schemas/${inventoryFiles[kind].schemaName}.json`] : [];
  return `${[...schema, ...lines].join('\n')}\n`;
}

/** Words that YAML, or an older reader of it, takes for something else than text. */
const reserved = /^(null|true|false|yes|no|on|off|y|n)$/i;
const yamlWord = (word: string): string => (/^[a-z][a-z0-9_.-]*$/i.test(word) && !reserved.test(word) ? word : JSON.stringify(word));

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
