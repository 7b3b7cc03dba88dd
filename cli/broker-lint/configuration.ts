/**
 * The configuration of one mosquitto as its files have it: what holds for the whole broker, and each bridge with its topics. Pure.
 *
 * Reads as mosquitto 2.0 does: a key, a space, and the rest of the line is the value; `#` begins a comment only as the first character.
 */

export interface Line {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface Setting extends Line {
  readonly key: string;
  readonly value: string;
}

export interface TopicLine extends Line {
  readonly text: string;
  readonly pattern: string;
  readonly direction: 'out' | 'in' | 'both';
  /** null: not said, which is 0. */
  readonly qos: string | null;
  /** Filters at both brokers, prefixes included. */
  readonly local: string;
  readonly remote: string;
}

export interface Bridge extends Line {
  readonly name: string;
  readonly settings: readonly Setting[];
  readonly topics: readonly TopicLine[];
}

export interface Configuration {
  readonly lines: readonly Setting[];
  readonly broker: readonly Setting[];
  readonly bridges: readonly Bridge[];
}

export interface ConfigurationFile {
  readonly file: string;
  readonly text: string;
}

/** What mosquitto 2.0 and 2.1 take as belonging to the `connection` above it; everything else holds for the broker, wherever it stands. */
const bridgeKey =
  /^(bridge_.*|address(es)?|cleansession|local_.*|remote_.*|clientid|username|password|keepalive_interval|idle_timeout|notification.*|restart_timeout|round_robin|start_type|threshold|topic|try_private)$/;

export function readConfiguration(files: readonly ConfigurationFile[]): Configuration {
  const lines = files.flatMap(settingsOf);
  const broker: Setting[] = [];
  const bridges: { readonly at: Setting; readonly settings: Setting[] }[] = [];
  let file = '';
  let current: Setting[] | null = null;
  for (const setting of lines) {
    // A connection ends with its file.
    if (setting.file !== file) [file, current] = [setting.file, null];
    if (setting.key === 'connection') {
      current = [];
      bridges.push({ at: setting, settings: current });
    } else if (current !== null && bridgeKey.test(setting.key)) current.push(setting);
    else broker.push(setting);
  }
  return {
    lines,
    broker,
    bridges: bridges.map(({ at, settings }) => ({ file: at.file, line: at.line, name: at.value, settings, topics: topicsOf(settings) })),
  };
}

function settingsOf({ file, text }: ConfigurationFile): readonly Setting[] {
  return text.split('\n').flatMap((whole, at) => {
    const trimmed = whole.trim();
    if (whole.startsWith('#') || trimmed === '') return [];
    const [key = '', ...rest] = trimmed.split(' ');
    return [{ file, line: at + 1, key, value: rest.join(' ').trim() }];
  });
}

const directions: readonly string[] = ['out', 'in', 'both'];

function topicsOf(settings: readonly Setting[]): readonly TopicLine[] {
  return settings
    .filter(({ key }) => key === 'topic')
    .map(({ file, line, value }) => {
      const [pattern = '', direction = 'out', qos, ...prefixes] = value.split(/ +/).map((word) => (word === '""' ? '' : word));
      const [local = '', remote = ''] = prefixes;
      const known = directions.includes(direction) ? (direction as TopicLine['direction']) : 'out';
      return { file, line, text: `topic ${value}`, pattern, direction: known, qos: qos ?? null, local: local + pattern, remote: remote + pattern };
    });
}

/** The last one counts, as for mosquitto. */
export const lastOf = (settings: readonly Setting[], ...keys: readonly string[]): Setting | null => settings.findLast(({ key }) => keys.includes(key)) ?? null;

export const isTrue = (setting: Setting | null): boolean => setting !== null && ['true', '1'].includes(setting.value);
export const isFalse = (setting: Setting | null): boolean => setting !== null && ['false', '0'].includes(setting.value);
