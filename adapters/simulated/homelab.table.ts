/**
 * The demo homelab: its nodes, their machines and services. Data only. Every image name begins with `simulated/`, so that
 * nobody takes a container of it for a real one. The first node also runs what a site needs once.
 */

export interface SimulatedService {
  readonly name: string;
  readonly image: string;
  /** Compose project; default: the service's name. */
  readonly project?: string;
  /** It has a health check, which says healthy so long after a start. */
  readonly healthyAfterMs?: number;
}

export interface SimulatedNode {
  readonly name: string;
  /** For people: what the machine would be. */
  readonly means: string;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly cpuPct: number;
  readonly memoryPct: number;
  readonly diskPct: number;
  readonly reclaimableBytes: number;
  readonly services: readonly SimulatedService[];
}

const GiB = 1024 ** 3;

export const simulatedHomelab: readonly SimulatedNode[] = [
  {
    name: 'vps',
    means: 'rented server, runs the control plane',
    memoryBytes: 4 * GiB,
    diskBytes: 80 * GiB,
    cpuPct: 12,
    memoryPct: 61,
    diskPct: 54,
    reclaimableBytes: 1.4 * GiB,
    services: [
      { name: 'npm', image: 'simulated/nginx-proxy-manager:2', healthyAfterMs: 2_000 },
      { name: 'outline', image: 'simulated/outline:0.87', project: 'outline', healthyAfterMs: 5_000 },
      { name: 'outline-postgres', image: 'simulated/postgres:16', project: 'outline', healthyAfterMs: 2_000 },
      { name: 'joplin', image: 'simulated/joplin-server:3' },
    ],
  },
  {
    name: 'piha',
    means: 'Raspberry Pi with an SD card',
    memoryBytes: 4 * GiB,
    diskBytes: 32 * GiB,
    cpuPct: 21,
    memoryPct: 58,
    diskPct: 67,
    reclaimableBytes: 0.3 * GiB,
    services: [
      { name: 'mosquitto', image: 'simulated/eclipse-mosquitto:2' },
      { name: 'zigbee2mqtt', image: 'simulated/zigbee2mqtt:2' },
      { name: 'homeassistant', image: 'simulated/home-assistant:stable', healthyAfterMs: 5_000 },
      { name: 'grafana', image: 'simulated/grafana:11' },
    ],
  },
  {
    name: 'solaria',
    means: 'workstation with a graphics card',
    memoryBytes: 64 * GiB,
    diskBytes: 2_000 * GiB,
    cpuPct: 8,
    memoryPct: 34,
    diskPct: 41,
    reclaimableBytes: 22 * GiB,
    services: [
      { name: 'ollama', image: 'simulated/ollama:0.9', healthyAfterMs: 3_000 },
      { name: 'open-webui', image: 'simulated/open-webui:0.6' },
    ],
  },
  {
    name: 'chelsty-infra',
    means: 'small server in another house',
    memoryBytes: 8 * GiB,
    diskBytes: 120 * GiB,
    cpuPct: 6,
    memoryPct: 29,
    diskPct: 33,
    reclaimableBytes: 0,
    services: [
      { name: 'mosquitto', image: 'simulated/eclipse-mosquitto:2' },
      { name: 'zigbee2mqtt', image: 'simulated/zigbee2mqtt:2' },
    ],
  },
];
