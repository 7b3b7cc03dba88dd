/**
 * A homelab as documents, for the web page: two sites, a node that is away, actions in every state, a past. Times are counted back from
 * `nowMs`, so that nothing of it is stale when it is served. Every document fits its contract (page-world.test.ts).
 */
import { topics } from '../../contracts/topics.ts';
import { type Ago, type Doc, downIncident, hosts, hourMs, minuteMs, nodeIncident, type Put, siteOf } from './page-parts.ts';
import { putPast, putTroubles } from './page-troubles.ts';

export type Tree = Map<string, Doc>;

export interface PageWorldOptions {
  readonly nowMs: number;
  /** The uplink of chelsty has been down for so long; 0: it is up. */
  readonly linkDownMinutes?: number;
  /** Nothing is wrong, and nothing waits. */
  readonly isWell?: boolean;
  /** So many services more, spread over ten more nodes. */
  readonly extraServices?: number;
}

export function pageWorld(options: PageWorldOptions): Tree {
  const tree: Tree = new Map();
  const ago = (ms: number): string => new Date(options.nowMs - ms).toISOString();
  const put = (topic: string, doc: Doc, ageMs = 5000): void => {
    tree.set(topic, { summary: doc.status, ts: ago(ageMs), session: 3, rev: 7, ...doc });
  };
  const away = (options.linkDownMinutes ?? 0) * minuteMs;
  const isWell = options.isWell === true;
  const all = { ...hosts, ...extraHosts(options.extraServices ?? 0) };
  for (const [node, services] of Object.entries(all)) {
    const isOff = node === 'solaria' && !isWell;
    putNode({ node, services, isOff, ageMs: siteOf(node) === 'chelsty' ? away + 9000 : 9000 }, put, ago);
    for (const service of services) putService({ node, service, isOff, isWell, ageMs: siteOf(node) === 'chelsty' ? away : 0 }, put, ago);
  }
  put(topics.worldNode.build({ node: 'saturn' }), { ...nodeDoc('saturn', ago), status: 'unmonitored', last_seen: null, engine: 'none', services_count: 0 });
  putSites(options, put, ago);
  for (const [node, actor, mode] of actorList) putActor({ node, actor, mode, isWell }, put, ago);
  if (!isWell) putTroubles(put, ago);
  putPast(put, ago);
  return tree;
}

const extraHosts = (count: number): Readonly<Record<string, readonly string[]>> =>
  count === 0
    ? {}
    : Object.fromEntries(
        Array.from({ length: 10 }, (_, at) => [
          `rack-${at}`,
          Array.from({ length: Math.ceil(count / 10) }, (__, i) => `app-${String(at * 100 + i).padStart(4, '0')}`),
        ]),
      );

const nodeDoc = (node: string, ago: Ago): Doc => ({
  status: 'online',
  summary: `${node} is online`,
  node,
  site: siteOf(node),
  engine: 'up',
  last_seen: ago(9000),
  observer_ahead_ms: 12,
  since: ago(9 * 24 * hourMs),
  services_count: 0,
  incident_id: null,
});

function putNode({ node, services, isOff, ageMs }: { node: string; services: readonly string[]; isOff: boolean; ageMs: number }, put: Put, ago: Ago): void {
  const off = isOff
    ? { status: 'offline', summary: `${node} is offline`, last_seen: ago(13 * minuteMs), since: ago(12 * minuteMs), incident_id: nodeIncident }
    : {};
  put(topics.worldNode.build({ node }), { ...nodeDoc(node, ago), last_seen: ago(ageMs), services_count: services.length, ...off }, ageMs);
  put(
    topics.nodeHealth.build({ node }),
    {
      status: isOff ? 'offline' : 'online',
      summary: `${isOff ? 'offline' : 'online'}, ${services.length} services`,
      node,
      site: siteOf(node),
      engine: 'up',
      engine_detail: null,
      heartbeat_ms: 30_000,
      uptime_s: 777_600,
      cpu_pct: 14.2,
      memory_pct: 51,
      memory_bytes: 8_589_934_592,
      disk_pct: node === 'piha' ? 93.4 : 46,
      disk_free_bytes: node === 'piha' ? 1_920_000_000 : 84_100_000_000,
      reclaimable_bytes: 536_870_912,
      services_count: services.length,
      services_digest: '2b2580367e3a453a',
    },
    ageMs,
  );
  put(topics.desired.build({ node }), {
    status: 'declared',
    summary: `${services.length} services declared`,
    node,
    site: siteOf(node),
    commit: '804b746',
    roles: ['infra'],
    location: siteOf(node) === 'chelsty' ? 'chelsty' : 'ken',
    agents: ['node-agent', 'executor'],
    services: services.map((name) => ({
      name,
      origin: 'declared',
      monitor: true,
      memory_limit_bytes: 268_435_456,
      ...(name === 'outline' ? { depends_on: ['vps/outline-postgres', 'vps/outline-redis'] } : {}),
    })),
    access: null,
  });
}

function putService(
  { node, service, isOff, isWell, ageMs }: { node: string; service: string; isOff: boolean; isWell: boolean; ageMs: number },
  put: Put,
  ago: Ago,
): void {
  const isDown = node === 'vps' && service === 'outline-postgres' && !isWell;
  const isSick = node === 'vps' && service === 'outline' && !isWell;
  const status = isOff ? 'unknown' : isDown ? 'down' : isSick ? 'unhealthy' : 'healthy';
  const reason = isOff ? null : isDown ? 'oom_killed' : isSick ? 'health_check_failed' : 'running';
  put(
    topics.worldService.build({ node, service }),
    {
      status,
      summary: `${service} on ${node} is ${status}`,
      node,
      service,
      site: siteOf(node),
      desired: 'declared',
      monitor: node !== 'chelsty-ha',
      reason,
      last_status: null,
      started_at: ago(9 * 24 * hourMs),
      since: ago(isDown || isSick ? 4 * minuteMs : isOff ? 12 * minuteMs : 9 * 24 * hourMs),
      last_update: ago(ageMs + 4000),
      incident_id: isDown || isSick ? downIncident : isOff ? nodeIncident : null,
    },
    ageMs + 4000,
  );
  put(
    topics.serviceHealth.build({ node, service }),
    {
      status: isDown ? 'down' : isSick ? 'unhealthy' : 'healthy',
      summary: `${service}: ${status}`,
      node,
      service,
      reason: reason ?? 'running',
      container: `${service}-1`,
      container_id: '0a1b2c3d4e5f',
      image: `registry.example.org/${service}:2.5.1`,
      started_at: ago(9 * 24 * hourMs),
      finished_at: isDown ? ago(4 * minuteMs) : null,
      exit_code: isDown ? 137 : null,
      oom_killed: isDown,
      restart_count: isDown ? 3 : 0,
      restart_policy: 'unless-stopped',
      project: service.split('-')[0],
      health_log: isSick ? 'connection to postgres refused' : null,
      since: ago(4 * minuteMs),
    },
    ageMs + 4000,
  );
}

function putSites({ linkDownMinutes = 0, isWell = false }: PageWorldOptions, put: Put, ago: Ago): void {
  const away = linkDownMinutes * minuteMs;
  const counts = { nodes: { online: isWell ? 4 : 3, unmonitored: 1, ...(isWell ? {} : { offline: 1 }) }, actions_running: isWell ? 0 : 1, events_refused: 0 };
  put(topics.site.build({ site: 'hub' }), {
    status: isWell ? 'nominal' : 'critical',
    summary: isWell ? 'site hub is nominal' : `site hub is critical: incident ${downIncident}`,
    site: 'hub',
    last_update: ago(9000),
    ...counts,
    services: isWell ? { healthy: 24 } : { healthy: 17, unknown: 5, down: 1, unhealthy: 1 },
    incidents_active: isWell ? 0 : 3,
    actions_pending: isWell ? 0 : 2,
    links: [{ site: 'chelsty', status: away > 0 ? 'down' : 'up', down_since: away > 0 ? ago(away) : null }],
    worst: isWell ? null : `incident ${downIncident}`,
  });
  put(
    topics.site.build({ site: 'chelsty' }),
    {
      status: 'nominal',
      summary: 'site chelsty is nominal',
      site: 'chelsty',
      last_update: ago(away + 20_000),
      ...counts,
      nodes: { online: 2 },
      services: { healthy: 5 },
      incidents_active: 0,
      actions_pending: 0,
      actions_running: 0,
      worst: null,
    },
    away + 20_000,
  );
  put(
    topics.link.build({ site: 'chelsty' }),
    {
      status: away > 0 ? 'down' : 'up',
      summary: away > 0 ? 'the uplink is down' : 'the uplink works',
      site: 'chelsty',
      since: ago(away > 0 ? away : 30 * hourMs),
      near: 'up',
      backlog: away > 0 ? 12 : 0,
      dropped: 0,
      clock_offset_ms: 40,
    },
    away > 0 ? away : 20_000,
  );
}

const actorList: readonly (readonly [string, string, string])[] = [
  ['vps', 'inventory', 'declared'],
  ['vps', 'observer', 'judging'],
  ['vps', 'ledger', 'open'],
  ['vps', 'supervisor', 'proposing'],
  ['vps', 'node-agent', 'watching'],
  ['vps', 'executor', 'running'],
  ['vps', 'operator-ui', 'serving'],
  ['piha', 'node-agent', 'watching'],
  ['piha', 'executor', 'idle'],
  ['piha', 'stability-agent', 'watching'],
  ['lustro', 'node-agent', 'watching'],
  ['chelsty-infra', 'observer', 'judging'],
  ['chelsty-infra', 'ledger', 'open'],
  ['chelsty-infra', 'bridge', 'bridging'],
];

function putActor({ node, actor, mode, isWell }: { node: string; actor: string; mode: string; isWell: boolean }, put: Put, ago: Ago): void {
  const isSick = node === 'piha' && actor === 'stability-agent' && !isWell;
  put(topics.actorStatus.build({ node, actor }), {
    status: isSick ? 'restarting' : 'online',
    summary: `${actor} on ${node}: ${mode}`,
    node,
    actor,
    mode,
    mode_since: ago(isSick ? 40_000 : 26 * hourMs),
    detail: null,
    started_at: ago(26 * hourMs),
    restarts: isSick ? 2 : 0,
    last_error: isSick ? 'tailscaled did not answer within 5 s' : null,
    quarantined: 0,
    version: '0.1.0',
  });
}
