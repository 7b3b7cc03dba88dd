/**
 * A small declared homelab on disk: two sites, four machines, a stack, a service in two places, one in a virtual machine. Fault-free, so
 * that a test sees what it changes.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const capabilities = (
  memoryGiB: number,
  more: { readonly engine?: string; readonly connectivity?: string; readonly cleanup?: string } = {},
): string => `hardware:
  cpu: { arch: amd64, cores: 2 }
  memory: { total_gb: ${memoryGiB} }
storage: { persistence: persistent, type: ssd, capacity_gb: 64 }
networking: { reachability: lan-only, bandwidth: high }
runtime: { container_engine: ${more.engine ?? 'docker'}, os: debian-12 }
operational: { connectivity: ${more.connectivity ?? 'stable'}, availability_target: medium, cleanup_class: ${more.cleanup ?? 'standard'} }
`;

const serviceFile = (name: string, more = ''): string => `service:
  name: ${name}
  description: ${name}, for a test
  exposure: local-only
  healthcheck: { type: container }
${more}`;

const container = (name: string, image: string, more = ''): string => `  ${name}:
    image: ${image}
    container_name: ${name}
    restart: unless-stopped
    mem_limit: 64m
${more}`;

const folder = (name: string, compose: string, more = ''): Readonly<Record<string, string>> => ({
  [`services/${name}/service.yaml`]: serviceFile(name, more),
  [`services/${name}/docker-compose.yml`]: `services:\n${compose}`,
  [`services/${name}/README.md`]: `# ${name}\n`,
  [`services/${name}/env.example`]: '# none\n',
  [`services/${name}/healthcheck.sh`]: '#!/bin/sh\nexit 0\n',
});

export const declaredHomelab: Readonly<Record<string, string>> = {
  'inventory/topology.yaml': `sites:
  hub:
    broker: { node: tower }
  cabin:
    broker: { node: shed }
    uplink: { kind: lte }
nodes:
  tower: { site: hub, roles: [control-plane] }
  pi: { site: hub, roles: [infra], location: ken, aliases: [node-1] }
  shed: { site: cabin, roles: [edge] }
  shed-ha: { site: cabin, roles: [home-automation] }
`,
  'inventory/maintenance.yaml': `time_zone: Europe/Warsaw
windows:
  - { nodes: [tower], days: [sun], from: "03:30", minutes: 45, reason: weekly backup }
  - { nodes: [tower], service: wiki, from: "02:00", minutes: 10, reason: dump }
`,
  'hosts/tower/capabilities.yaml': capabilities(4),
  'hosts/tower/services.yaml': `services:
  mosquitto:
    role: message-broker
    offline_required: true
  wiki:
    exposure: public
    depends_on:
      local: [mosquitto]
      external: [https://mail.example.org]
`,
  'hosts/tower/runtime/wiki/docker-compose.override.yml': `services:
  wiki:
    mem_limit: 512m
`,
  'hosts/pi/capabilities.yaml': capabilities(2, { cleanup: 'sd_card' }),
  'hosts/pi/services.yaml': `services:
  dashboard:
    exposure: tailscale-internal
    depends_on:
      external: [tower/wiki, shed/mosquitto]
`,
  'hosts/shed/capabilities.yaml': capabilities(4, { connectivity: 'intermittent', cleanup: 'lte_node' }),
  'hosts/shed/services.yaml': `services:
  mosquitto:
    offline_required: true
`,
  'hosts/shed-ha/capabilities.yaml': capabilities(4, { engine: 'none', connectivity: 'intermittent', cleanup: 'lte_node' }),
  'hosts/shed-ha/services.yaml': `agents: []
services:
  homeassistant:
    deployment_model: virtual-machine
    monitor: false
    depends_on:
      external: [shed/mosquitto]
`,
  ...folder('mosquitto', container('mosquitto', 'eclipse-mosquitto:2.0.21', '    network_mode: host\n'), '  ports:\n    - { container: 1883, host: 1883 }\n'),
  ...folder('wiki', container('wiki', 'example/wiki:1.2.3', '    ports: ["443:8443"]\n') + container('wiki-postgres', 'postgres:16.4')),
  ...folder('dashboard', container('dashboard', 'grafana/grafana:11.1.0', '    ports: ["127.0.0.1:3000:3000"]\n')),
  'services/homeassistant/service.yaml': serviceFile('homeassistant'),
  'services/homeassistant/README.md': '# homeassistant\n',
  'services/homeassistant/env.example': '# none\n',
  'services/homeassistant/healthcheck.sh': '#!/bin/sh\nexit 0\n',
};

/** Writes files below a directory, by path; scripts are made executable. */
export function writeTree(directory: string, files: Readonly<Record<string, string>> = declaredHomelab): void {
  for (const [path, text] of Object.entries(files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    if (path.endsWith('.sh')) chmodSync(target, 0o755);
  }
}
