/** What each variable of the environment may be: the schema behind cli/settings.ts, which says what each means. Pure. */
import { z } from 'zod';
import { actorNames } from '../contracts/actor-names.ts';
import { Level, Login, NodeName, SiteName } from '../contracts/common.ts';
import {
  defaultSite,
  diskThresholdPct,
  flapWindowMs,
  haAlertCooldownMs,
  haTransitionWindowMs,
  historyBytesMax,
  historyDays,
  historyDaysMin,
  incidentGraceMs,
  settledAfterMs,
  stabilityCheckIntervalMs,
  topicRoot,
  verifyWindowMs,
} from '../contracts/defaults.ts';
import { aliasMap, brokerUrl, flag, httpUrl, list, networks, oneBrokerUrl, percentage, port, said, seconds, wholeNumber } from './setting-values.ts';
import { telegramShape } from './telegram-settings.ts';

export const MiB = 1024 * 1024;

/** Ten years and a terabyte: beyond that it is a slip of the finger. */
const historyLimitsMax = { days: 3_650, mebibytes: 1_048_576 };

const names = list.pipe(z.array(z.enum(actorNames)));

export const Environment = z.object({
  HOMELAB_BROKER_URL: z
    .string()
    .optional()
    .transform((text) => (text === '' ? undefined : text))
    .pipe(brokerUrl.optional()),
  HOMELAB_BROKER_CA: said,
  HOMELAB_BROKER_PORT: port(1883),
  HOMELAB_BROKER_HOST: said,
  HOMELAB_BROKER_TLS_CERT: said,
  HOMELAB_BROKER_TLS_KEY: said,
  HOMELAB_BROKER_TLS_PORT: port(8883),
  HOMELAB_BROKER_TLS_HOST: said,
  HOMELAB_BROKER_WS_PORT: port(null),
  HOMELAB_BROKER_WSS_PORT: port(null),
  HOMELAB_ROOT: z.string().optional(),
  HOMELAB_SITE: SiteName.default(defaultSite),
  HOMELAB_TOPIC_ROOT: Level.default(topicRoot),
  HOMELAB_INVENTORY: said,
  HOMELAB_CONFIG_DIR: said,
  HOMELAB_AGENTS: names,
  HOMELAB_CREDENTIALS: z.string().optional(),
  HOMELAB_LOGINS: said,
  HOMELAB_LOGIN: Login.optional(),
  HOMELAB_INCIDENT_GRACE_S: seconds(incidentGraceMs),
  HOMELAB_FLAP_WINDOW_S: seconds(flapWindowMs),
  HOMELAB_HISTORY_DAYS: wholeNumber(historyDays, { least: historyDaysMin, most: historyLimitsMax.days }),
  HOMELAB_HISTORY_MIB: wholeNumber(historyBytesMax / MiB, { least: 1, most: historyLimitsMax.mebibytes }),
  HOMELAB_VERIFY_WINDOW_S: seconds(verifyWindowMs),
  HOMELAB_SETTLED_AFTER_S: seconds(settledAfterMs),
  STABILITY_CHECK_INTERVAL: seconds(stabilityCheckIntervalMs, 5),
  DISK_THRESHOLD_PCT: percentage(diskThresholdPct),
  HOMELAB_UPSTREAM_URL: said.pipe(oneBrokerUrl.optional()),
  HOMELAB_HTTP_PORT: port(18180),
  HOMELAB_HTTP_HOST: said,
  HOMELAB_HTTP_URL: said.pipe(httpUrl.optional()),
  HOMELAB_HTTP_PROXIES: networks,
  HOMELAB_STANDBY_PORT: port(null),
  HOMELAB_STANDBY_TLS_PORT: port(8884),
  HOMELAB_TAILSCALE_SOCKET: said.pipe(z.union([z.literal('none'), z.string().regex(/^\//, 'expected /path/of/a/socket, or none')]).optional()),
  HOMELAB_TAILSCALE_PEERS: list,
  HA_DIAG_SHADOW_MODE: flag(true),
  HA_ALERT_COOLDOWN: seconds(haAlertCooldownMs),
  HA_TRANSITION_WINDOW: seconds(haTransitionWindowMs),
  ...telegramShape,
  HOMELAB_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  HOMELAB_KILL_AT: z.string().optional(),
  NODE_NAME: NodeName.regex(/^[^A-Z]*$/, 'expected lower case').optional(),
  NODE_ALIAS_MAP: aliasMap,
  DOCKER_HOST: z
    .string()
    .regex(/^unix:\/\/\//, 'expected unix:///path; engines on other machines have a node-agent of their own')
    .optional(),
  XDG_STATE_HOME: z.string().optional(),
});
