/**
 * A right homelab of four machines, and one fault after the other that breaks it: which rule has to find it, and where.
 * Each fault changes one file at one place; all of them together are one homelab with as many faults. Data only.
 */
import { capabilities, container, type Files, service } from './declared-files.ts';

const zigbee = container(
  'zigbee2mqtt',
  `network_mode: bridge
extra_hosts: ["mosquitto:host-gateway"]
environment:
  ZIGBEE2MQTT_CONFIG_SERIAL_PORT: tcp://coordinator.lan:6638
  ZIGBEE2MQTT_CONFIG_SERIAL_ADAPTER: ember
volumes:
  - /opt/homelab/data/zigbee2mqtt:/app/data`,
  'koenkk/zigbee2mqtt:2.5.1',
);

/** Services of which nothing is special, each for one fault. */
const plain = [
  ...['named', 'renamed', 'policy', 'policy-said', 'tagless', 'moving', 'major', 'old-own', 'empty', 'no-readme', 'misnamed', 'script', 'bang', 'shell'],
  ...['env-said', 'env-used', 'token', 'password', 'random', 'refused', 'ports-a', 'ports-b', 'ports-bad', 'ports-said', 'nets', 'override'],
  ...['circle-a', 'circle-b', 'needs', 'far', 'early', 'wide', 'actor', 'clashing-db', 'clashing', 'misplaced', 'v1', 'host-ports', 'narrow', 'open', 'shared'],
];

export const rightHomelab: Files = {
  'inventory/topology.yaml': `sites:
  hub:
    broker: { node: alpha }
  edge:
    broker:
      node: edge-1
      service: mosquitto
      standby_port: 1884
      tls: { names: [edge-1], standby_port: 8884 }
    uplink:
      kind: lte
      to: hub
nodes:
  alpha:
    site: hub
    aliases:
      - node-1
      - node-2
  beta:
    site: hub
    services:
      - llm
      - node-agent
      - archive
      - page
  edge-1:
    site: edge
    aliases: [node-3]
  attic:
    site: hub
  barn: { site: hub }
  barn-loft: { site: hub }
`,
  'inventory/access.yaml': 'logins:\n  anna: operator\n  ben: reader\n  telegram-bot: delegate\n',
  'inventory/maintenance.yaml': `time_zone: Europe/Warsaw
windows:
  - nodes: [alpha]
    service: mosquitto
    from: "03:30"
    minutes: 60
    reason: backup
  - nodes:
      - beta
    from: "04:30"
    minutes: 60
    reason: backup
`,

  'hosts/alpha/capabilities.yaml': capabilities({ restricted: 'database' }),
  'hosts/alpha/networking.yaml': 'lan: { subnet: 192.0.2.0/24 }\nreserved_ports:\n  - { port: 2222, by: sshd }\n',
  'hosts/alpha/services.yaml': `agents:
  - node-agent
  - executor
services:
  mosquitto:
${plain.map((name) => `  ${name}:\n    role: application\n    depends_on: { local: [${name === 'circle-a' ? 'circle-b' : ''}] }\n    exposure: local-only\n    runtime: { data_path: /opt/homelab/data/${name} }\n`).join('')}  site-bound:
    offline_required: true
    depends_on:
      local: [mosquitto]
      external: [beta/llm]
`,
  ...Object.assign({}, ...plain.map((name) => service(name))),
  ...service('mosquitto', {
    compose: `services:\n${container('mosquitto', 'network_mode: host\nmem_limit: 64m', 'eclipse-mosquitto:2.0.21')}`,
    service: '  ports:\n    - { container: 1883, host: 1883 }\n    - { container: 8883, host: 8883 }\n',
  }),
  ...service('site-bound'),
  ...service('ports-a', {
    compose: `services:\n${container('ports-a', 'ports:\n  - "127.0.0.1:8080:80"')}`,
    service: '  ports:\n    - { container: 80, host: 8080 }\n',
  }),
  ...service('ports-b', {
    compose: `services:\n${container('ports-b', 'ports:\n  - "127.0.0.1:8081:80"')}`,
    service: '  ports:\n    - { container: 80, host: 8081 }\n',
  }),
  ...service('open', {
    compose: `services:\n${container('open', 'ports:\n  - "127.0.0.1:8095:80"')}`,
    service: '  ports:\n    - { container: 80, host: 8095 }\n',
  }),
  ...service('ports-bad', { compose: `services:\n${container('ports-bad', 'ports:\n  - "80"')}` }),
  ...service('env-used', { compose: `services:\n${container('env-used', `environment:\n  GREETING: \${GREETING:?said nowhere}`)}`, env: 'GREETING=\n' }),
  ...service('env-said', { service: '  runtime:\n    env_vars:\n      - GREETING\n', env: 'GREETING=hello\n' }),
  ...service('password', { env: 'DB_PASSWORD=\n' }),
  ...service('token', { env: 'BOT=\n' }),
  ...service('random', { env: 'SALT_OF_THE_SEA=\n' }),
  ...service('old-own', { compose: `services:\n${container('old-own', 'command: [run, executor]', 'homelab:0.1.0')}` }),
  ...service('actor', { compose: `services:\n${container('actor', 'command: [run, executor]', 'homelab:0.1.0')}` }),
  ...service('v1', { compose: `services:\n${container('v1', 'healthcheck:\n  test: [CMD, "true"]\n  start_period: 5s')}` }),
  'hosts/alpha/runtime/override/docker-compose.override.yml': 'services:\n  override:\n    labels: { a: b }\n',
  'hosts/alpha/runtime/host-ports/docker-compose.override.yml': 'services:\n  host-ports:\n    labels: { a: b }\n',
  ...service('host-ports', {
    compose: `services:\n${container('host-ports', 'ports: ["127.0.0.1:8090:80"]')}`,
    service: '  ports:\n    - { container: 80, host: 8090 }\n',
  }),

  'hosts/beta/capabilities.yaml': capabilities({ memory: '1000' }),
  'hosts/beta/paths.yaml': 'root: /srv/homelab\n',
  'hosts/beta/services.yaml': `agents: [node-agent]
services:
  llm:
    exposure: tailscale-internal
    runtime: { logs_path: /srv/homelab/logs/llm }
  node-agent:
  archive:
  page:
    exposure: public
`,
  ...service('llm', { exposure: 'tailscale-internal', service: '  workload: llm\n', compose: `services:\n${container('llm', 'mem_limit: 500m')}` }),
  ...service('archive', {
    compose: `services:\n${container('archive', 'mem_limit: 100m')}`,
    service: '  persistence: { paths: [/srv/homelab/data/archive] }\n',
  }),
  ...service('page', { exposure: 'public', compose: `services:\n${container('page', 'mem_limit: 64m')}`, service: '  owner_node: beta\n' }),
  ...service('node-agent', {
    compose: `services:\n${container('node-agent', 'command: [run, node-agent]\nmem_limit: 256m\noom_score_adj: -900\nenvironment:\n  HOMELAB_BROKER_URL: mqtt://elsewhere.example.org', 'homelab:0.1.0')}`,
  }),

  'hosts/edge-1/capabilities.yaml': capabilities({ compose: '1.29.2' }),
  'hosts/edge-1/networking.yaml': 'devices:\n  coordinator:\n    host: coordinator.lan\n    port: 6638\n    used_by: zigbee2mqtt\n',
  'hosts/edge-1/node.yaml': 'description: in a cupboard\n',
  'hosts/edge-1/services.yaml': `agents: [node-agent]
services:
  mosquitto:
  zigbee2mqtt:
    offline_required: true
    depends_on:
      local: [mosquitto]
      external: ["tcp://coordinator.lan:6638"]
  zigbee-spare:
  v1:
  cloud:
`,
  ...service('zigbee2mqtt', { compose: `services:\n${zigbee}` }),
  ...service('zigbee-spare', {
    compose: `services:\n${zigbee.replace('  zigbee2mqtt:', '  zigbee-spare:').replace('name: zigbee2mqtt', 'name: zigbee-spare')}`,
  }),
  ...service('cloud', {
    compose: `services:\n${container('cloud', 'environment:\n  HOMELAB_BROKER_URL: mqtts://edge-1:8883\n  HOMELAB_BROKER_CA: /secret/ca.pem')}`,
    service: '  needs_internet: true\n',
  }),

  'hosts/attic/capabilities.yaml': capabilities({ engine: 'none' }),
  'hosts/attic/services.yaml': `agents: []
services:
  screen:
    deployment_model: systemd
  machine:
    deployment_model: virtual-machine
`,
  ...service('screen'),
  ...service('machine'),

  'hosts/barn/capabilities.yaml': capabilities(),
  'hosts/barn/services.yaml': 'agents: [node-agent]\nservices:\n  loft-cam: { deployment_model: external }\n',
  'hosts/barn-loft/capabilities.yaml': capabilities(),
  'hosts/barn-loft/services.yaml': 'agents: [node-agent]\nservices:\n  lamp: { deployment_model: external }\n',
};

export interface PlantedFault {
  readonly rule: string;
  readonly file: string;
  /** Replaced by `to`; null: the whole file is, or is made, or with `to` null removed. It stands in the file once. */
  readonly from: string | null;
  readonly to: string | null;
  /** Where the finding is. Absent: at the first line of `to`. */
  readonly found?: Found;
}

/** In which file (absent: the changed one), and how many lines below the line on which `at` begins (absent: `to`); null: the file as a whole. */
type Found = { readonly file?: string; readonly at?: string; readonly below?: number } | { readonly file?: string; readonly wholeFile: true };

const alpha = 'hosts/alpha/services.yaml';
const beta = 'hosts/beta/services.yaml';
const betaIs = 'hosts/beta/capabilities.yaml';
const edge = 'hosts/edge-1/services.yaml';
const topology = 'inventory/topology.yaml';
const compose = (name: string): string => `services/${name}/docker-compose.yml`;
const about = (name: string): string => `services/${name}/service.yaml`;

/** A line of one of the plain services in alpha's services.yaml, below its name. */
const inAlpha = (rule: string, name: string, lines: readonly [before: string, after: string], below: number): PlantedFault => {
  const text = `  ${name}:\n    role: application\n    depends_on: { local: [] }\n    exposure: local-only\n    runtime: { data_path: /opt/homelab/data/${name} }\n`;
  return { rule, file: alpha, from: text, to: text.replace(...lines), found: { below } };
};

/** Put together here, so that nobody who looks for secrets in Git finds one. */
const telegramToken = `123456789:${'AAE'.repeat(11)}Zx`;
const randomText = ['q7Lr2ZtV9xKc4Wb', 'N8sYp3GdH6mTf1', 'QaJ5uXe0R'].join('');

export const plantedFaults: readonly PlantedFault[] = [
  // the form of files
  { rule: 'contract', file: 'hosts/beta/paths.yaml', from: 'root: /srv/homelab', to: 'root: srv/homelab' },
  { rule: 'not-yaml', file: 'hosts/edge-1/node.yaml', from: 'description: in a cupboard', to: 'description: "in a cupboard' },
  { rule: 'unknown-key', file: about('screen'), from: '  description: for tests', to: '  colour: red\n  description: for tests' },

  // the folder of a service
  { rule: 'missing-file', file: 'services/no-readme/README.md', from: null, to: null, found: { wholeFile: true } },
  { rule: 'service-name', file: about('misnamed'), from: 'name: misnamed', to: 'name: other' },
  {
    rule: 'override-without-service',
    file: 'hosts/attic/runtime/screen/docker-compose.override.yml',
    from: null,
    to: 'services: { screen: { labels: { a: b } } }\n',
    found: { wholeFile: true },
  },
  { rule: 'override-container', file: 'hosts/alpha/runtime/override/docker-compose.override.yml', from: '  override:', to: '  overrid:' },
  {
    rule: 'healthcheck-not-executable',
    file: 'services/script/healthcheck.sh',
    from: null,
    to: 'not executable:#!/bin/sh\nexit 0\n',
    found: { wholeFile: true },
  },
  { rule: 'healthcheck-shebang', file: 'services/bang/healthcheck.sh', from: '#!/bin/sh\nexit 0', to: 'exit 0' },
  { rule: 'healthcheck-shell', file: 'services/shell/healthcheck.sh', from: 'exit 0', to: 'if true; then exit 0', found: { below: 1 } },
  { rule: 'missing-capabilities', file: 'hosts/barn/capabilities.yaml', from: null, to: null, found: { wholeFile: true } },

  // containers
  {
    rule: 'container-key',
    file: compose('renamed'),
    from: '  renamed:\n    image: example/renamed:1.2.3\n    container_name: renamed',
    to: '  other:\n    image: example/renamed:1.2.3\n    container_name: other',
  },
  { rule: 'container-name', file: compose('named'), from: 'container_name: named', to: 'container_name: nobody' },
  { rule: 'restart-policy', file: compose('policy'), from: 'restart: unless-stopped', to: 'restart: "no"' },
  { rule: 'restart-policy', file: about('policy-said'), from: '  description: for tests', to: '  restart_policy: always\n  description: for tests' },
  { rule: 'image-tag', file: compose('tagless'), from: 'tagless:1.2.3', to: 'tagless', found: { at: 'image: example/tagless' } },
  { rule: 'image-tag', file: compose('moving'), from: 'moving:1.2.3', to: 'moving:latest' },
  { rule: 'image-tag', file: compose('major'), from: 'major:1.2.3', to: 'major:7-alpine' },
  { rule: 'own-image-version', file: compose('old-own'), from: 'homelab:0.1.0', to: 'homelab:0.0.9' },
  { rule: 'no-containers', file: compose('empty'), from: null, to: 'services:\n', found: { wholeFile: true } },

  // networks
  { rule: 'host-network-ports', file: 'hosts/alpha/runtime/host-ports/docker-compose.override.yml', from: 'labels: { a: b }', to: 'network_mode: host' },
  {
    rule: 'host-network-networks',
    file: compose('nets'),
    from: '    restart: unless-stopped\n',
    to: '    restart: unless-stopped\n    network_mode: host\n    networks: [default]\n',
    found: { below: 2 },
  },
  {
    rule: 'mosquitto-host-network',
    file: 'hosts/edge-1/runtime/mosquitto/docker-compose.override.yml',
    from: null,
    to: 'services:\n  mosquitto:\n    network_mode: bridge\n',
    found: { below: 2 },
  },
  { rule: 'zigbee2mqtt-network', file: compose('zigbee2mqtt'), from: 'network_mode: bridge', to: 'network_mode: host' },
  { rule: 'zigbee2mqtt-broker', file: compose('zigbee-spare'), from: 'mosquitto:host-gateway', to: 'mosquitto:192.0.2.4' },
  { rule: 'zigbee2mqtt-data', file: compose('zigbee2mqtt'), from: '/zigbee2mqtt:/app/data', to: '/zigbee2mqtt:/app/data:ro' },
  { rule: 'zigbee2mqtt-coordinator', file: compose('zigbee2mqtt'), from: 'ADAPTER: ember', to: 'ADAPTER: ezsp' },
  { rule: 'zigbee2mqtt-usb', file: compose('zigbee-spare'), from: 'tcp://coordinator.lan:6638', to: '/dev/ttyUSB0' },

  // docker-compose
  { rule: 'compose-v1-syntax', file: compose('v1'), from: 'start_period', to: 'start_interval' },
  {
    rule: 'compose-refuses',
    file: compose('refused'),
    from: '    restart: unless-stopped\n',
    to: '    restart: unless-stopped\n    colour: red\n',
    found: { below: 1 },
  },

  // memory
  { rule: 'memory-limit', file: compose('archive'), from: 'mem_limit: 100m', to: 'labels: { a: b }', found: { at: '  archive:' } },
  { rule: 'memory-budget', file: compose('llm'), from: 'mem_limit: 500m', to: 'mem_limit: 2g', found: { file: betaIs, at: '  memory:' } },
  { rule: 'oom-score', file: compose('node-agent'), from: 'oom_score_adj: -900', to: 'oom_score_adj: -100' },

  // references
  { rule: 'unknown-service', file: edge, from: '  cloud:\n', to: '  cloud:\n  ghost:\n', found: { at: '  ghost:' } },
  { rule: 'unknown-service', file: topology, from: 'service: mosquitto', to: 'service: mosquito' },
  { rule: 'unknown-service', file: 'hosts/edge-1/networking.yaml', from: 'used_by: zigbee2mqtt', to: 'used_by: zigbee2mqt' },
  { rule: 'unknown-service', file: 'inventory/maintenance.yaml', from: 'service: mosquitto', to: 'service: misquotto' },
  { rule: 'unknown-node', file: 'inventory/maintenance.yaml', from: '      - beta', to: '      - betta' },
  { rule: 'unknown-node', file: about('machine'), from: '  description: for tests', to: '  owner_node: cellar\n  description: for tests' },
  { rule: 'node-without-files', file: topology, from: 'nodes:\n', to: 'nodes:\n  loft: { site: hub }\n', found: { at: '  loft:' } },
  { rule: 'unknown-site', file: topology, from: '  attic:\n    site: hub', to: '  attic:\n    site: huub', found: { below: 1 } },
  { rule: 'unknown-site', file: topology, from: 'to: hub', to: 'to: nowhere' },
  inAlpha('unknown-dependency', 'needs', ['local: []', 'local: [nobody]'], 2),
  inAlpha('unknown-dependency', 'far', ['local: []', 'external: [beta/nobody]'], 2),
  { rule: 'no-operator', file: 'inventory/access.yaml', from: 'anna: operator', to: 'anna: reader', found: { at: 'logins:' } },
  { rule: 'actor-login', file: 'inventory/access.yaml', from: 'ben: reader', to: 'executor-beta: operator' },

  // names
  { rule: 'alias-clash', file: topology, from: 'aliases: [node-3]', to: 'aliases: [node-1]' },
  {
    rule: 'container-clash',
    file: compose('clashing'),
    from: 'services:\n',
    to: `services:\n${container('clashing-db')}`,
    found: { at: '  clashing-db:' },
  },
  {
    rule: 'action-id-clash',
    file: 'hosts/barn-loft/services.yaml',
    from: '  lamp: { deployment_model: external }\n',
    to: '  lamp: { deployment_model: external }\n  cam: { deployment_model: external }\n',
    found: { at: '  cam:' },
  },

  // ports
  { rule: 'bad-port', file: compose('ports-bad'), from: '- "80"', to: '- "99999:80"' },
  {
    rule: 'port-clash',
    file: 'hosts/alpha/networking.yaml',
    from: 'port: 2222',
    to: 'port: 8081',
    found: { file: compose('ports-b'), at: '- "127.0.0.1:8081:80"' },
  },
  { rule: 'ports-differ', file: about('ports-a'), from: 'host: 8080', to: 'host: 8088' },
  { rule: 'broker-port', file: topology, from: 'broker: { node: alpha }', to: 'broker: { node: alpha, port: 8884 }' },
  { rule: 'broker-port', file: topology, from: 'standby_port: 1884', to: 'standby_port: 1883' },
  { rule: 'broker-port', file: topology, from: 'tls: { names: [edge-1], standby_port: 8884 }', to: 'tls: { names: [edge-1], websocket_port: 8883 }' },
  { rule: 'broker-url', file: compose('node-agent'), from: 'mqtt://elsewhere.example.org', to: 'mqtt://alpha' },
  {
    rule: 'broker-authority',
    file: compose('cloud'),
    from: '      HOMELAB_BROKER_CA: /secret/ca.pem\n',
    to: '',
    found: { at: '      HOMELAB_BROKER_URL: mqtts://' },
  },

  // dependencies
  { ...inAlpha('dependency-cycle', 'circle-b', ['local: []', 'local: [circle-a]'], 0), found: { at: '  circle-a:', below: 2 } },
  { rule: 'offline-dependency', file: alpha, from: 'external: [beta/llm]', to: 'external: [edge-1/cloud]' },

  // placement
  {
    rule: 'placement-connectivity',
    file: 'hosts/edge-1/capabilities.yaml',
    from: 'connectivity: stable',
    to: 'connectivity: intermittent',
    found: { file: edge, at: '  cloud:' },
  },
  { rule: 'placement-power', file: betaIs, from: 'power_constraint: none', to: 'power_constraint: low-power', found: { file: beta, at: '  llm:' } },
  { rule: 'placement-storage', file: betaIs, from: 'persistence: persistent', to: 'persistence: ephemeral', found: { file: beta, at: '  archive:' } },
  { rule: 'placement-exposure', file: betaIs, from: 'reachability: public', to: 'reachability: tailscale-only', found: { file: beta, at: 'exposure: public' } },
  { rule: 'placement-owner', file: about('page'), from: 'owner_node: beta', to: 'owner_node: alpha', found: { file: beta, at: '  page:' } },
  { rule: 'placement-engine', file: 'hosts/attic/services.yaml', from: 'deployment_model: virtual-machine', to: 'deployment_model: docker-compose' },
  inAlpha('placement-role', 'misplaced', ['role: application', 'role: database'], 1),
  { rule: 'node-without-agent', file: alpha, from: '  - node-agent\n', to: '  - supervisor\n', found: { at: 'agents:' } },

  // said twice
  inAlpha('exposure-differs', 'wide', ['local-only', 'tailscale-internal'], 3),
  {
    rule: 'exposure-narrower',
    file: about('narrow'),
    from: 'exposure: local-only',
    to: 'exposure: tailscale-internal',
    found: { file: alpha, at: '  narrow:', below: 3 },
  },
  { rule: 'exposure-ports', file: compose('open'), from: '"127.0.0.1:8095:80"', to: '"8095:80"' },
  { rule: 'older-exposure', file: about('llm'), from: 'exposure: tailscale-internal', to: 'exposure: private' },
  { rule: 'topology-services', file: topology, from: '      - archive\n', to: '', found: { at: '    services:' } },

  // environment
  { rule: 'env-example', file: 'services/env-used/env.example', from: 'GREETING=', to: '# GREETING', found: { file: compose('env-used'), at: 'GREETING:' } },
  {
    rule: 'env-example',
    file: 'services/env-said/env.example',
    from: 'GREETING=hello',
    to: '# GREETING',
    found: { file: about('env-said'), at: '- GREETING' },
  },
  inAlpha('runtime-path', 'early', ['/opt/homelab/data/early', '/var/lib/early'], 4),
  inAlpha('data-path-clash', 'shared', ['data/shared', 'data/override'], 4),
  { rule: 'unknown-agent', file: alpha, from: '  - executor\n', to: '  - executer\n' },
  { rule: 'actor-not-in-this-version', file: compose('actor'), from: '[run, executor]', to: '[run, planner]' },

  // secrets
  { rule: 'secret-token', file: 'services/token/env.example', from: 'BOT=', to: `BOT=${telegramToken}` },
  { rule: 'secret-value', file: 'services/password/env.example', from: 'DB_PASSWORD=', to: 'DB_PASSWORD=correct-horse' },
  { rule: 'secret-random', file: 'services/random/env.example', from: 'SALT_OF_THE_SEA=', to: `SALT_OF_THE_SEA=${randomText}` },
];

/** The homelab with these faults in it, and where each has to be found, as `shown` of a finding. */
export function withFaults(faults: readonly PlantedFault[]): { readonly files: Files; readonly expected: readonly string[] } {
  const files: Record<string, string> = { ...rightHomelab };
  for (const { rule, file, from, to } of faults) {
    if (to === null) delete files[file];
    else if (from === null) files[file] = to;
    else files[file] = replaceOnce(files[file] ?? '', from, to, `${rule} in ${file}`);
  }
  return { files, expected: faults.map((fault) => expectedAt(files, fault)) };
}

function replaceOnce(text: string, from: string, to: string, what: string): string {
  const at = text.indexOf(from);
  if (at === -1 || text.indexOf(from, at + 1) !== -1) throw new Error(`${what}: ${JSON.stringify(from)} does not stand in the file exactly once`);
  return text.slice(0, at) + to + text.slice(at + from.length);
}

function expectedAt(files: Files, { rule, file, to, found = {} }: PlantedFault): string {
  const where = found.file ?? file;
  if ('wholeFile' in found) return `${rule} ${where}`;
  const offset = (files[where] ?? '').indexOf(found.at ?? to ?? '');
  if (offset === -1) throw new Error(`${rule}: ${JSON.stringify(found.at ?? to)} is not in ${where}`);
  return `${rule} ${where}:${(files[where] ?? '').slice(0, offset).split('\n').length + (found.below ?? 0)}`;
}
