/**
 * What a device announced to Home Assistant is made of, and the templates by which it reads our documents as they are. Pure.
 *
 * The keys are those that Home Assistant knows: one too many at the top, in `device` or in `origin`, and it drops the whole device.
 */
import { entityId } from './names.ts';

/** A topic that says whether an entity can be believed. */
export interface Source {
  readonly topic: string;
  readonly value_template: string;
}

export interface Component {
  readonly platform: 'sensor' | 'binary_sensor' | 'button';
  /** null: the device itself. */
  readonly name: string | null;
  readonly unique_id: string;
  readonly default_entity_id: string;
  readonly [option: string]: unknown;
}

/** An entity that an earlier version announced: this takes it away, where leaving it out would not. */
export interface Removed {
  readonly platform: 'text';
}

export interface Device {
  readonly device: Readonly<Record<string, unknown>> & { readonly identifiers: readonly string[]; readonly name: string };
  readonly origin: { readonly name: string; readonly sw_version: string };
  readonly components: Readonly<Record<string, Component | Removed>>;
  readonly availability: readonly Source[];
  readonly availability_mode: 'all';
  readonly qos: 1;
}

/** A document may be on its way out: `gone`, then empty. Neither is an error, and Home Assistant takes `None` for "not known". */
const isThere = "value_json is defined and value_json.status != 'gone'";
const elseNone = (expression: string, condition = isThere): string => `{{ ${expression} if ${condition} else 'None' }}`;

function listOf(words: readonly string[]): string {
  return `[${words.map((word) => `'${word}'`).join(', ')}]`;
}

export const template = {
  /** A field as it is; null, or missing as in a will, is not known. */
  field: (name: string): string => elseNone(`value_json.${name} | default('None')`),
  /** `unknown` is Home Assistant's own word for what has no state. */
  status: elseNone('value_json.status', `${isThere} and value_json.status != 'unknown'`),
  /** ON or OFF by the status; any other status is not known. */
  onOff: (on: readonly string[], off: readonly string[]): string =>
    `{{ ('ON' if value_json.status in ${listOf(on)} else 'OFF' if value_json.status in ${listOf(off)} else 'None') if value_json is defined else 'None' }}`,
  /** Of a service. What is stopped is a trouble only where it should run, as the observer judges it too (site-summary.ts there). */
  problem: `{{ ('ON' if value_json.status in ${listOf(['down', 'unhealthy', 'missing'])} or (value_json.status == 'stopped' and value_json.desired == 'declared') else 'OFF' if value_json.status in ${listOf(['healthy', 'starting', 'stopped'])} else 'None') if value_json is defined else 'None' }}`,
  /** The line of a reply, which has no status; a state of more than 255 characters would be refused. */
  answer: "{{ value_json.summary[:255] if value_json is defined else 'None' }}",
  /** Fields as attributes. Chosen one by one: the whole document would have `rev` and `ts`, and every heartbeat would be recorded. */
  attributes: (names: readonly string[]): string =>
    `{{ dict({${names.map((name) => `'${name}': value_json.${name} | default(none)`).join(', ')}}) | to_json if ${isThere} else '{}' }}`,
  /** Believed while the document has one of these statuses. */
  available: (statuses: readonly string[]): string => `{{ 'online' if value_json is defined and value_json.status in ${listOf(statuses)} else 'offline' }}`,
};

/** Where it comes from, as every device says it. */
export interface Maker {
  readonly root: string;
  readonly version: string;
  /** Of a demo: its names say so, because the payload has no place for a mark. */
  readonly isSimulated: boolean;
}

interface DeviceOptions {
  readonly id: string;
  readonly name: string;
  readonly model: 'Site' | 'Node' | 'Service';
  /** Id of the device it hangs on; null: of none. */
  readonly via: string | null;
  readonly area?: string | undefined;
  readonly availability: readonly Source[];
  readonly components: readonly ComponentOptions[];
  /** By key. */
  readonly removed?: Readonly<Record<string, Removed>>;
}

export interface ComponentOptions {
  /** Last part of its unique id; stays. */
  readonly key: string;
  readonly platform: Component['platform'];
  readonly name: string | null;
  /** Words of its first entity id. */
  readonly called: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export function deviceOf(maker: Maker, options: DeviceOptions): Device {
  const { id, name, model, via, area, availability, components, removed = {} } = options;
  return {
    device: {
      identifiers: [id],
      name: maker.isSimulated ? `${name} (simulated)` : name,
      manufacturer: 'homelab',
      model,
      ...(via === null ? {} : { via_device: via }),
      ...(area === undefined ? {} : { suggested_area: area }),
    },
    origin: { name: 'homelab', sw_version: maker.version },
    components: {
      ...Object.fromEntries(
        components.map(({ key, platform, name: called, called: words, options: more }) => [
          key,
          { platform, name: called, unique_id: `${id}_${key}`, default_entity_id: entityId(platform, ...words), ...more },
        ]),
      ),
      ...removed,
    },
    availability,
    availability_mode: 'all',
    qos: 1,
  };
}
