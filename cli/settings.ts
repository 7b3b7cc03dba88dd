/**
 * The environment, read once: every variable, its default, and what is wrong with a value, in one place.
 * docs/guide.md lists the same table; a test compares them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { z } from 'zod';
import { Login } from '../contracts/common.ts';
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
import { Environment, MiB } from './environment.ts';
import { type TelegramSettings, telegramSettings, telegramVariables } from './telegram-settings.ts';

/** Something the operator can mend; shown as one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where tailscaled listens on Linux. */
const defaultTailscaleSocket = '/var/run/tailscale/tailscaled.sock';

/** Where hosts/README.md keeps what is not in Git. */
const defaultConfigDir = '/opt/homelab/config';

/** Each variable, what it means, and its default as a person reads it. */
export const variables = {
  HOMELAB_BROKER_URL: [
    'broker to use, `mqtt://[login:password@]host:port`; several separated by commas are tried in order',
    'an embedded one on 127.0.0.1 for `up`, and that one for everything else',
  ],
  HOMELAB_BROKER_CA: ['certificates (PEM) of the CAs that `mqtts://` brokers are trusted by, instead of those that Node knows', 'those'],
  HOMELAB_BROKER_PORT: ['port of the embedded broker', '1883'],
  HOMELAB_BROKER_HOST: [
    'address on which the embedded broker listens; other than this machine only with logins (`homelab creds`, or HOMELAB_CREDENTIALS)',
    '127.0.0.1',
  ],
  HOMELAB_BROKER_TLS_CERT: ['certificate (PEM) with which it listens for TLS too', 'none: no TLS'],
  HOMELAB_BROKER_TLS_KEY: ['its key (PEM)', 'none'],
  HOMELAB_BROKER_TLS_PORT: ['port for TLS', '8883'],
  HOMELAB_BROKER_TLS_HOST: [
    'address on which it listens for TLS, where that is another one: what is in clear then stays on HOMELAB_BROKER_HOST',
    'HOMELAB_BROKER_HOST',
  ],
  HOMELAB_BROKER_WS_PORT: ['port on which it listens for WebSocket too', 'none: no WebSocket'],
  HOMELAB_BROKER_WSS_PORT: ['port on which it listens for WebSocket with TLS too', 'none'],
  HOMELAB_ROOT: ['data directory', '`$XDG_STATE_HOME/homelab`, else `~/.local/state/homelab`'],
  HOMELAB_SITE: ['site of this machine', defaultSite],
  HOMELAB_TOPIC_ROOT: ['first level of every topic', topicRoot],
  HOMELAB_INVENTORY: [
    'directory with `inventory/`, `hosts/` and `services/`',
    'the directory of this program; if its `inventory/topology.yaml` does not name this machine, what runs here is adopted',
  ],
  HOMELAB_CONFIG_DIR: ['directory in which `<service>/.env` holds the values of Compose files, for a redeploy', defaultConfigDir],
  HOMELAB_AGENTS: ['actors that run on this machine, where they run in processes of their own', 'those of this process, else node-agent,executor'],
  HOMELAB_CREDENTIALS: ['YAML file `login: password` for actors and people', 'none: no password is sent'],
  HOMELAB_LOGINS: [
    'file of hashed logins and API tokens that the embedded broker and the web page know; written by `homelab creds`',
    '`logins.yaml` in the data directory',
  ],
  HOMELAB_LOGIN: ['login under which you approve and reject', 'your user name'],
  HOMELAB_INCIDENT_GRACE_S: ['seconds that trouble must last before an incident opens', String(incidentGraceMs / 1000)],
  HOMELAB_FLAP_WINDOW_S: ['three changes of a verdict within so many seconds are flapping; 0: nothing ever flaps', String(flapWindowMs / 1000)],
  HOMELAB_HISTORY_DAYS: [`days of events that the observer keeps, at least ${historyDaysMin}`, String(historyDays)],
  HOMELAB_HISTORY_MIB: ['mebibytes of events that the observer keeps; above them the oldest days go sooner', String(historyBytesMax / MiB)],
  HOMELAB_VERIFY_WINDOW_S: ['seconds until a repaired service must be healthy', String(verifyWindowMs / 1000)],
  HOMELAB_SETTLED_AFTER_S: ['seconds that a repaired container must be up before it counts as healthy', String(settledAfterMs / 1000)],
  STABILITY_CHECK_INTERVAL: ['seconds between two rounds of the stability-agent, at least 5', String(stabilityCheckIntervalMs / 1000)],
  DISK_THRESHOLD_PCT: ['a disk is nearly full from here, percent', String(diskThresholdPct)],
  HOMELAB_UPSTREAM_URL: [
    "the hub's broker, `mqtt://[login:password@]host:port`: the bridge connects to it; at the hub's own site, which has none, the stability-agent checks that it answers",
    'none: no bridge, not checked',
  ],
  HOMELAB_HTTP_PORT: ['port of the web page and the HTTP API', '18180'],
  HOMELAB_HTTP_HOST: ['address on which they listen; this machine only until HOMELAB_LOGINS names a person', '127.0.0.1'],
  HOMELAB_HTTP_URL: ['how people reach the page from outside, `https://homelab.example.org`', 'none: by whatever name they use'],
  HOMELAB_HTTP_PROXIES: ['addresses or networks of reverse proxies that are believed (X-Forwarded-For, X-Forwarded-Proto)', 'none'],
  HOMELAB_STANDBY_PORT: ["port on which the bridge opens a standby while the site's broker is away; HOMELAB_BROKER_URL names it second", 'none: no standby'],
  HOMELAB_STANDBY_TLS_PORT: ['port on which it opens with TLS too, where HOMELAB_BROKER_TLS_CERT names its certificate', '8884'],
  HOMELAB_TAILSCALE_SOCKET: ["tailscaled's unix socket, or `none`: not asked", defaultTailscaleSocket],
  HOMELAB_TAILSCALE_PEERS: ['peers that should always be on the tailnet, by host name, separated by commas', 'none: no peer is missed'],
  HA_DIAG_SHADOW_MODE: ['`true`: a restart of Home Assistant is only told of, as a notice; `false`: it is proposed', 'true'],
  HA_ALERT_COOLDOWN: ['seconds between two notices of one kind about Home Assistant', String(haAlertCooldownMs / 1000)],
  HA_TRANSITION_WINDOW: [
    'seconds after its container stopped or started in which what is said about Home Assistant is its start',
    String(haTransitionWindowMs / 1000),
  ],
  ...telegramVariables,
  HOMELAB_LOG_LEVEL: ['trace, debug, info, warn, error or silent; on a terminal, changes of mode are shown from debug on', 'info'],
  NODE_NAME: ['name of this machine', 'its host name in lower case, without the domain'],
  NODE_ALIAS_MAP: ['JSON that maps foreign node names to ours', '{}'],
  DOCKER_HOST: ['container engine, `unix:///path`', 'unix:///var/run/docker.sock'],
} as const satisfies Record<string, readonly [string, string]>;

export interface BrokerListen {
  readonly host: string;
  readonly tlsPort: number;
  /** Files. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** undefined: `host`. */
  readonly tlsHost: string | undefined;
  readonly webSocketPort: number | null;
  readonly tlsWebSocketPort: number | null;
}

export interface Settings {
  readonly node: string;
  readonly site: string;
  readonly topicRoot: string;
  /** null: nothing was said; `up` then starts its own broker. */
  readonly brokerUrls: readonly string[] | null;
  /** File. */
  readonly brokerCa: string | undefined;
  readonly brokerPort: number;
  /** Where the embedded broker listens beside that port. */
  readonly brokerListen: BrokerListen;
  /** null: the bridge opens none. */
  readonly standbyPort: number | null;
  /** Of the same, where it has a certificate. */
  readonly standbyTlsPort: number;
  readonly dataRoot: string;
  readonly inventoryDir: string;
  /** The access list for where no declared homelab has one; written by `homelab creds add --role`. */
  readonly ownAccessFile: string;
  /** Where `homelab init` writes while no inventory is about this machine. Counts nowhere until HOMELAB_INVENTORY names it. */
  readonly proposalDir: string;
  /** Holds `<service>/.env`. */
  readonly configDir: string;
  /** false: nobody named it, so that it counts only where it names this machine. */
  readonly isInventoryNamed: boolean;
  readonly agents: readonly string[];
  /** In clear: what the actors and people of this machine say, and what the embedded broker takes too. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Those of them that `up` made for the actors of its own process: not a login that anybody has, so that no broker asks for one because of them. */
  readonly mintedLogins: readonly string[];
  /** Hashed logins and API tokens (adapters/logins). */
  readonly loginsFile: string;
  readonly login: string;
  readonly incidentGraceMs: number;
  readonly flapWindowMs: number;
  /** What the observer keeps of its events. */
  readonly history: { readonly days: number; readonly bytesMax: number };
  readonly verifyWindowMs: number;
  readonly settledAfterMs: number;
  /** What the stability-agent of this machine looks at, and how often. */
  readonly stability: {
    readonly intervalMs: number;
    readonly diskThresholdPct: number;
    readonly upstreamUrl: string | null;
    /** null: tailscaled is not asked. */
    readonly tailscaleSocket: string | null;
    /** In lower case. */
    readonly tailscalePeers: readonly string[];
  };
  /** How events of Home Assistant are answered. */
  readonly homeAssistant: { readonly shadowMode: boolean; readonly alertCooldownMs: number; readonly transitionWindowMs: number };
  /** Where the web page and the HTTP API are. */
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | null;
    readonly trustedProxies: readonly string[];
  };
  readonly telegram: TelegramSettings;
  readonly logLevel: string;
  readonly killAt: string | undefined;
  readonly aliasMap: Readonly<Record<string, string>>;
  readonly dockerSocket: string;
}

/** The settings that an environment means. Throws a UsageError that names the variable and what was expected. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const result = Environment.safeParse(env);
  if (!result.success) {
    const issue = result.error.issues[0];
    const name = String(issue?.path[0] ?? 'environment');
    // What stands before the @ of a broker's URL may be a password.
    const shown = JSON.stringify(env[name])?.replace(/\/\/[^/]*@/g, '//***@');
    throw new UsageError(`${name}=${shown}: ${issue?.message ?? 'not valid'}`);
  }
  const value = result.data;
  const unknown = Object.keys(env).find((name) => name.startsWith('HOMELAB_') && !(name in Environment.shape));
  if (unknown !== undefined) throw new UsageError(`${unknown}: there is no such variable; there are ${Object.keys(variables).join(', ')}`);
  if (value.HOMELAB_INVENTORY !== undefined && !existsSync(value.HOMELAB_INVENTORY)) {
    throw new UsageError(`HOMELAB_INVENTORY=${JSON.stringify(value.HOMELAB_INVENTORY)}: there is no such directory`);
  }
  const node = value.NODE_NAME ?? hostname().toLowerCase().split('.')[0] ?? 'localhost';
  const dataRoot = resolve(value.HOMELAB_ROOT ?? join(value.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'homelab'));
  return {
    node,
    site: value.HOMELAB_SITE,
    topicRoot: value.HOMELAB_TOPIC_ROOT,
    brokerUrls: value.HOMELAB_BROKER_URL ?? null,
    brokerCa: value.HOMELAB_BROKER_CA,
    brokerPort: value.HOMELAB_BROKER_PORT,
    brokerListen: {
      host: value.HOMELAB_BROKER_HOST ?? '127.0.0.1',
      tlsPort: value.HOMELAB_BROKER_TLS_PORT,
      tlsCert: value.HOMELAB_BROKER_TLS_CERT,
      tlsKey: value.HOMELAB_BROKER_TLS_KEY,
      tlsHost: value.HOMELAB_BROKER_TLS_HOST,
      webSocketPort: value.HOMELAB_BROKER_WS_PORT,
      tlsWebSocketPort: value.HOMELAB_BROKER_WSS_PORT,
    },
    standbyPort: value.HOMELAB_STANDBY_PORT,
    standbyTlsPort: value.HOMELAB_STANDBY_TLS_PORT,
    dataRoot,
    inventoryDir: resolve(value.HOMELAB_INVENTORY ?? programDirectory()),
    ownAccessFile: join(dataRoot, 'access.yaml'),
    proposalDir: join(homedir(), 'homelab-inventory'),
    configDir: resolve(value.HOMELAB_CONFIG_DIR ?? defaultConfigDir),
    isInventoryNamed: value.HOMELAB_INVENTORY !== undefined,
    agents: value.HOMELAB_AGENTS,
    passwords: readPasswords(value.HOMELAB_CREDENTIALS),
    mintedLogins: [],
    loginsFile: resolve(value.HOMELAB_LOGINS ?? join(dataRoot, 'logins.yaml')),
    login: value.HOMELAB_LOGIN ?? defaultLogin(),
    incidentGraceMs: value.HOMELAB_INCIDENT_GRACE_S,
    flapWindowMs: value.HOMELAB_FLAP_WINDOW_S,
    history: { days: value.HOMELAB_HISTORY_DAYS, bytesMax: value.HOMELAB_HISTORY_MIB * MiB },
    verifyWindowMs: value.HOMELAB_VERIFY_WINDOW_S,
    settledAfterMs: value.HOMELAB_SETTLED_AFTER_S,
    stability: {
      intervalMs: value.STABILITY_CHECK_INTERVAL,
      diskThresholdPct: value.DISK_THRESHOLD_PCT,
      upstreamUrl: value.HOMELAB_UPSTREAM_URL ?? null,
      tailscaleSocket: value.HOMELAB_TAILSCALE_SOCKET === 'none' ? null : (value.HOMELAB_TAILSCALE_SOCKET ?? defaultTailscaleSocket),
      tailscalePeers: value.HOMELAB_TAILSCALE_PEERS.map((name) => name.toLowerCase()),
    },
    homeAssistant: {
      shadowMode: value.HA_DIAG_SHADOW_MODE,
      alertCooldownMs: value.HA_ALERT_COOLDOWN,
      transitionWindowMs: value.HA_TRANSITION_WINDOW,
    },
    http: {
      host: value.HOMELAB_HTTP_HOST ?? '127.0.0.1',
      port: value.HOMELAB_HTTP_PORT,
      publicUrl: value.HOMELAB_HTTP_URL ?? null,
      trustedProxies: value.HOMELAB_HTTP_PROXIES,
    },
    telegram: telegramSettings(value),
    logLevel: value.HOMELAB_LOG_LEVEL,
    killAt: value.HOMELAB_KILL_AT,
    aliasMap: value.NODE_ALIAS_MAP,
    dockerSocket: (value.DOCKER_HOST ?? 'unix:///var/run/docker.sock').slice('unix://'.length),
  };
}

/** The checkout, or wherever the bundle was put. */
function programDirectory(): string {
  return dirname(dirname(fileURLToPath(import.meta.url)));
}

function defaultLogin(): string {
  const name = userInfo().username.toLowerCase();
  return Login.safeParse(name).success ? name : 'operator';
}

function readPasswords(file: string | undefined): Readonly<Record<string, string>> {
  if (file === undefined || file === '') return {};
  if (!existsSync(file)) throw new UsageError(`HOMELAB_CREDENTIALS=${JSON.stringify(file)}: there is no such file`);
  try {
    return z.record(Login, z.string()).parse(load(readFileSync(file, 'utf8')) ?? {});
  } catch (error) {
    throw new UsageError(`${file}: expected YAML lines "login: password" (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`);
  }
}
