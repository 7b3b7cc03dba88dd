/** What page-world.ts and page-troubles.ts share: names, and how documents are put. */

export type Doc = Record<string, unknown> & { readonly status: string };
export type Put = (topic: string, doc: Doc, ageMs?: number) => void;
/** ISO time so many milliseconds before now. */
export type Ago = (ms: number) => string;

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;

/** Names of what runs where. */
export const hosts: Readonly<Record<string, readonly string[]>> = {
  vps: ['mosquitto', 'npm', 'outline', 'outline-postgres', 'outline-redis', 'joplin', 'joplin-postgres', 'node_exporter', 'vaultwarden', 'uptime', 'mail'],
  piha: ['homeassistant', 'monitoring-grafana', 'monitoring-prometheus', 'zwave-js', 'telegram-bot', 'watchdog'],
  solaria: ['ollama', 'planner-agent', 'open-webui', 'whisper', 'comfyui'],
  lustro: ['magicmirror', 'node-agent'],
  'chelsty-infra': ['mosquitto', 'zigbee2mqtt', 'node-agent', 'stability-agent', 'frigate'],
  'chelsty-ha': ['homeassistant'],
};
export const siteOf = (node: string): string => (node.startsWith('chelsty') ? 'chelsty' : 'hub');

export const nodeIncident = 'inc-1795291785-solaria-node_offline';
export const downIncident = 'inc-1795291900-vps-outline-postgres-down';
export const diskIncident = 'inc-1795291791-piha-disk';
