/** What well-known images are for, in a word: a proposal that a person reviews. Data only. */

/** Beginnings of the last part of an image's name, most special first. */
const roles: readonly (readonly [RegExp, string])[] = [
  [/^(eclipse-)?mosquitto|^emqx|^vernemq|^hivemq/, 'message-broker'],
  [/^zigbee2mqtt|^zwave-js-ui|^esphome|^node-red|^matter-server/, 'automation'],
  [/^home-?assistant/, 'home-automation'],
  [/^postgres|^mariadb|^mysql|^mongo|^timescaledb|^influxdb|^couchdb/, 'database'],
  [/^redis|^valkey|^memcached|^keydb/, 'cache'],
  [/^nginx|^caddy|^traefik|^haproxy|^swag|^cloudflared/, 'ingress'],
  [/^grafana|^prometheus|^node-exporter|^cadvisor|^alertmanager|^loki|^uptime-kuma|^victoria-metrics|^netdata/, 'monitoring'],
  [/^pihole|^adguard|^unbound|^coredns|^bind9/, 'dns'],
  [/^ollama|^localai|^vllm|^open-webui|^text-generation/, 'ai'],
  [/^jellyfin|^plex|^emby|^navidrome|^immich|^photoprism/, 'media'],
  [/^registry$|^gitea|^forgejo|^gitlab/, 'development'],
  [/^restic|^borg|^duplicati|^kopia/, 'backup'],
];

/** null: not known. */
export function roleOf(image: string): string | null {
  const name = (image.split('@')[0] ?? '').split('/').at(-1)?.split(':')[0] ?? '';
  return roles.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
