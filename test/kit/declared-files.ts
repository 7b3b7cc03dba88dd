/** A declared homelab made for tests: right in every respect, small, and written to a directory of its own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { judge } from '../../actors/inventory/rules/judge.ts';
import type { Finding } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';

/** File contents by path. Those of healthcheck.sh are executable, unless they begin with `not executable:`. */
export type Files = Readonly<Record<string, string>>;

/** The program that the rules compare with. */
export const program = { version: '0.1.0', actors: ['node-agent', 'observer', 'ledger', 'supervisor', 'executor', 'inventory'] } as const;

const notExecutable = 'not executable:';

export function writeFiles(files: Files): string {
  const directory = mkdtempSync(join(tmpdir(), 'homelab-declared-'));
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    const isPlain = !path.endsWith('.sh') || text.startsWith(notExecutable);
    writeFileSync(file, text.startsWith(notExecutable) ? text.slice(notExecutable.length) : text);
    chmodSync(file, isPlain ? 0o644 : 0o755);
  }
  return directory;
}

/** What the reader and the rules find, without shell and docker-compose. */
export async function findingsIn(files: Files): Promise<readonly Finding[]> {
  const directory = writeFiles(files);
  try {
    return judge(await readTree(directory), program);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const shown = ({ rule, file, place }: Finding): string => `${rule} ${file}${place === null ? '' : `:${place.line}`}`;

export interface ServiceText {
  /** All of docker-compose.yml. */
  readonly compose?: string;
  /** Lines of service.yaml below `service:`, beside name, description and healthcheck. */
  readonly service?: string;
  readonly env?: string;
  readonly exposure?: string;
}

/** One container with what every container must have; `more` are further lines of it. */
export const container = (name: string, more = '', image = `example/${name}:1.2.3`): string =>
  `  ${name}:\n    image: ${image}\n    container_name: ${name}\n    restart: unless-stopped\n${more.replaceAll(/^(?=.)/gm, '    ')}${more === '' || more.endsWith('\n') ? '' : '\n'}`;

/** The five files of a service. */
export function service(name: string, { compose, service: lines = '', env = '', exposure = 'local-only' }: ServiceText = {}): Files {
  const folder = `services/${name}`;
  return {
    [`${folder}/docker-compose.yml`]: compose ?? `services:\n${container(name)}`,
    [`${folder}/service.yaml`]: `service:\n  name: ${name}\n  description: for tests\n  exposure: ${exposure}\n  healthcheck: { type: container }\n${lines}`,
    [`${folder}/env.example`]: `# what to set\n${env}`,
    [`${folder}/healthcheck.sh`]: '#!/bin/sh\nexit 0\n',
    [`${folder}/README.md`]: `# ${name}\n`,
  };
}

interface Capabilities {
  readonly memory?: string;
  readonly persistence?: string;
  readonly reachability?: string;
  readonly engine?: string;
  readonly compose?: string;
  readonly power?: string;
  readonly connectivity?: string;
  readonly restricted?: string;
}

/** One line for each group, so that a fault has a line of its own. */
export const capabilities = (about: Capabilities = {}): string => `hardware:
  cpu: { arch: amd64, cores: 4 }
  memory: { total_gb: 4${about.memory === undefined ? '' : `, containers_mib_max: ${about.memory}`} }
storage: { persistence: ${about.persistence ?? 'persistent'}, type: ssd, capacity_gb: 100 }
networking: { reachability: ${about.reachability ?? 'public'}, bandwidth: high }
runtime: { container_engine: ${about.engine ?? 'docker'}, os: debian-12${about.compose === undefined ? '' : `, compose_version: "${about.compose}"`} }
operational: { power_constraint: ${about.power ?? 'none'}, connectivity: ${about.connectivity ?? 'stable'}, availability_target: high, cleanup_class: standard }
deployment: { restricted: [${about.restricted ?? ''}] }
`;

/** A homelab of one machine, `alpha`, with the broker; `services` are further lines of its services.yaml. */
export const oneMachine = (services = '', about: Capabilities = {}): Files => ({
  'inventory/topology.yaml': 'sites:\n  hub:\n    broker: { node: alpha }\nnodes:\n  alpha: { site: hub }\n',
  'hosts/alpha/capabilities.yaml': capabilities(about),
  'hosts/alpha/services.yaml': `agents: [node-agent]\nservices:\n  mosquitto:\n${services.replaceAll(/^(?=.)/gm, '  ')}`,
  ...service('mosquitto', {
    compose: `services:\n${container('mosquitto', `network_mode: host${about.memory === undefined ? '' : '\nmem_limit: 64m'}`, 'eclipse-mosquitto:2.0.21')}`,
  }),
});
