/**
 * The example of docs/inventory.md: every file of a homelab of one machine with one service. Data only; a test reads it with the
 * reader of real files and finds nothing wrong.
 */

/** File contents by path. */
export const inventoryExample = {
  'inventory/topology.yaml': `# yaml-language-server: $schema=../docs/schemas/TopologyFile.json
sites:
  hub:
    broker:
      node: attic
nodes:
  attic:
    site: hub
    roles: [infra]
`,
  'inventory/access.yaml': `# yaml-language-server: $schema=../docs/schemas/AccessFile.json
logins:
  anna: operator
  wallpanel: reader
`,
  'inventory/maintenance.yaml': `# yaml-language-server: $schema=../docs/schemas/MaintenanceFile.json
time_zone: Europe/Warsaw
windows:
  - nodes: [attic]
    days: [sun]
    from: "03:30"
    minutes: 45
    reason: weekly backup stops containers
`,
  'hosts/attic/capabilities.yaml': `# yaml-language-server: $schema=../../docs/schemas/CapabilitiesFile.json
hardware:
  cpu: { arch: amd64, cores: 4 }
  memory: { total_gb: 8 }
storage: { persistence: persistent, type: ssd, capacity_gb: 240 }
networking: { reachability: lan-only, bandwidth: high }
runtime: { container_engine: docker, os: debian-12 }
operational: { connectivity: stable, availability_target: medium, cleanup_class: standard }
`,
  'hosts/attic/services.yaml': `# yaml-language-server: $schema=../../docs/schemas/ServicesFile.json
services:
  mosquitto:
    role: message-broker
    offline_required: true
    runtime:
      data_path: /opt/homelab/data/mosquitto
`,
  'services/mosquitto/service.yaml': `# yaml-language-server: $schema=../../docs/schemas/ServiceFile.json
service:
  name: mosquitto
  description: the MQTT broker of the site
  exposure: local-only
  ports:
    - { container: 1883, host: 1883 }
  healthcheck:
    type: mqtt
    endpoint: mqtt://127.0.0.1:1883
  persistence:
    paths: [/opt/homelab/data/mosquitto]
  runtime:
    directories: [/opt/homelab/data/mosquitto]
`,
  'services/mosquitto/docker-compose.yml': `services:
  mosquitto:
    image: eclipse-mosquitto:2.0.21
    container_name: mosquitto
    restart: unless-stopped
    network_mode: host
    mem_limit: 64m
    volumes:
      - /opt/homelab/data/mosquitto:/mosquitto/data
`,
  'services/mosquitto/healthcheck.sh': `#!/bin/sh
# 0: the broker answers. 1: it does not.
exec timeout 5 mosquitto_sub -h 127.0.0.1 -t '$SYS/broker/uptime' -C 1 >/dev/null
`,
  'services/mosquitto/env.example': `# mosquitto needs no variables.
`,
  'services/mosquitto/README.md': `# mosquitto

The MQTT broker that every actor of the site talks to. Its data is in \`/opt/homelab/data/mosquitto\`.
`,
} as const satisfies Readonly<Record<string, string>>;
