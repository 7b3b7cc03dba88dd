/**
 * Whether Home Assistant would take a device that is announced to it, and everything in it: what its own schemas check (components/mqtt:
 * schemas.py, discovery.py, sensor.py, binary_sensor.py, button.py, entity.py), and what it takes and then does not do.
 *
 * Stricter than Home Assistant in one thing: a key that a component does not know is ignored there, and a mistake here.
 */
import { z } from 'zod';

const words = z.string().min(1);
const topic = z
  .string()
  .min(1)
  .max(65_535)
  .regex(/^[^+#\0]+$/u, 'a topic without wildcards');
/** Balanced, and something in it: an unbalanced one makes Home Assistant drop the entity. */
const template = words.refine((text) => /\{\{.+\}\}/.test(text) && balanced(text), 'a template with balanced braces');
const url = z.url({ protocol: /^https?$/ });

const balanced = (text: string): boolean =>
  [
    ['{{', '}}'],
    ['{%', '%}'],
    ['(', ')'],
    ['[', ']'],
  ].every(([open = '', close = '']) => text.split(open).length === text.split(close).length);

const source = z.strictObject({
  topic,
  value_template: template.optional(),
  payload_available: z.string().optional(),
  payload_not_available: z.string().optional(),
});

const availability = {
  availability: z.array(source).optional(),
  availability_topic: topic.optional(),
  availability_mode: z.enum(['all', 'any', 'latest']).optional(),
  availability_template: template.optional(),
  payload_available: z.string().optional(),
  payload_not_available: z.string().optional(),
};

const device = z
  .strictObject({
    identifiers: z.union([words, z.array(words).min(1)]).optional(),
    connections: z.array(z.tuple([words, words])).optional(),
    manufacturer: words.optional(),
    model: words.optional(),
    model_id: words.optional(),
    name: words.optional(),
    hw_version: words.optional(),
    sw_version: words.optional(),
    serial_number: words.optional(),
    via_device: words.optional(),
    suggested_area: words.optional(),
    configuration_url: url.optional(),
  })
  .refine(({ identifiers, connections }) => identifiers !== undefined || connections !== undefined, 'needs identifiers or connections');

const root = z.strictObject({
  device,
  origin: z.strictObject({ name: words, sw_version: words.optional(), support_url: url.optional() }),
  components: z.record(words, z.looseObject({ platform: words })),
  ...availability,
  state_topic: topic.optional(),
  command_topic: topic.optional(),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
  encoding: z.string().optional(),
  message_expiry_interval: z.int().optional(),
});
type Root = z.infer<typeof root>;

const entity = {
  platform: words,
  unique_id: words,
  name: words.nullable(),
  default_entity_id: z.string().regex(/^[a-z_]+\.[a-z0-9]+(?:_[a-z0-9]+)*$/, 'an entity id of lower case, digits and single underscores'),
  enabled_by_default: z.boolean().optional(),
  icon: z
    .string()
    .regex(/^mdi:[a-z0-9-]+$/, 'an icon mdi:…')
    .optional(),
  json_attributes_topic: topic.optional(),
  json_attributes_template: template.optional(),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
  ...availability,
};

const sensorClasses = ['enum', 'timestamp', 'duration', 'data_size', 'temperature'] as const;
const binaryClasses = ['connectivity', 'running', 'problem', 'update', 'power'] as const;

const platforms = {
  sensor: z.strictObject({
    ...entity,
    state_topic: topic,
    value_template: template.optional(),
    // `config` is an error on what cannot be set.
    entity_category: z.literal('diagnostic').optional(),
    device_class: z.enum(sensorClasses).optional(),
    options: z.array(words).min(1).optional(),
    state_class: z.enum(['measurement', 'total', 'total_increasing']).optional(),
    unit_of_measurement: words.optional(),
    suggested_display_precision: z.int().nonnegative().optional(),
    expire_after: z.int().nonnegative().optional(),
    force_update: z.boolean().optional(),
  }),
  binary_sensor: z.strictObject({
    ...entity,
    state_topic: topic,
    value_template: template.optional(),
    entity_category: z.literal('diagnostic').optional(),
    device_class: z.enum(binaryClasses).optional(),
    payload_on: z.string().optional(),
    payload_off: z.string().optional(),
    expire_after: z.int().nonnegative().optional(),
    force_update: z.boolean().optional(),
  }),
  button: z.strictObject({
    ...entity,
    command_topic: topic,
    command_template: template.optional(),
    payload_press: words.optional(),
    retain: z.boolean().optional(),
    entity_category: z.enum(['config', 'diagnostic']).optional(),
    device_class: z.enum(['restart', 'update', 'identify']).optional(),
  }),
} as const;
type Platform = keyof typeof platforms;

/** Of entities that were announced once: with its platform and nothing else one is taken away. */
const removable = z.strictObject({ platform: z.literal('text') });

/** Dropped from attributes without a word, or taken for the entity's own. */
const forbiddenAttributes = ['state', 'icon', 'device_class', 'available', 'unique_id', 'friendly_name', 'entity_id', 'unit_of_measurement', 'attribution'];
/** MQTT Explorer cuts payloads there. */
const payloadBytesMax = 20_000;

const configTopic = /^homeassistant\/device\/([a-zA-Z0-9_-]+)\/config$/;

/** What is wrong with one announcement, a line each; none: Home Assistant takes it whole. */
export function payloadFaults(topicName: string, text: string): readonly string[] {
  const id = configTopic.exec(topicName)?.[1];
  if (id === undefined) return [`${topicName}: not a topic of a device: letters, digits, _ and - only`];
  if (text === '') return [];
  const faults: string[] = [];
  const say = (where: string, what: string): void => void faults.push(`${id} ${where}: ${what}`);
  if (Buffer.byteLength(text) > payloadBytesMax) say('payload', `${Buffer.byteLength(text)} bytes, above ${payloadBytesMax}`);
  const parsed = root.safeParse(JSON.parse(text));
  if (!parsed.success) {
    for (const issue of parsed.error.issues) say(issue.path.join('.') || 'root', issue.message);
    return faults;
  }
  const payload = parsed.data;
  const sharedBy = payload.availability?.length ?? 0;
  if (sharedBy > 1 && payload.availability_mode !== 'all') say('availability_mode', 'several sources need `all`; the default is the one that spoke last');
  if (Object.keys(payload.components).length === 0) say('components', 'none: an empty device');
  for (const [key, component] of Object.entries(payload.components))
    for (const fault of componentFaults(key, component, payload)) say(`components.${key}`, fault);
  return faults;
}

function componentFaults(key: string, given: Readonly<Record<string, unknown>>, payload: Root): readonly string[] {
  if (!/^[a-zA-Z0-9_-]+$/.test(key)) return ['its name may hold letters, digits, _ and - only'];
  if (removable.safeParse(given).success) return [];
  if (!Object.hasOwn(platforms, String(given['platform']))) return [`no platform that is used here: ${String(given['platform'])}`];
  const parsed = platforms[given['platform'] as Platform].safeParse(given);
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const component: Readonly<Record<string, unknown>> & { readonly name: string | null; readonly platform: string; readonly default_entity_id: string } =
    parsed.data;
  return [...nameFaults(component, payload), ...sensorFaults(component), ...attributeFaults(component), ...availabilityFaults(component, payload)];
}

function nameFaults(
  { name, platform, default_entity_id: entityId }: { readonly name: string | null; readonly platform: string; readonly default_entity_id: string },
  { device: { name: deviceName } }: Root,
): readonly string[] {
  const faults: string[] = [];
  if (name !== null && deviceName !== undefined && name.toLowerCase().startsWith(deviceName.toLowerCase()))
    faults.push(`its name repeats that of the device: ${name}`);
  if (!entityId.startsWith(`${platform}.`)) faults.push(`default_entity_id ${entityId} is not of ${platform}`);
  if (entityId.length > 255) faults.push('default_entity_id is above 255 characters');
  return faults;
}

function sensorFaults(component: Readonly<Record<string, unknown>>): readonly string[] {
  const { platform, device_class: is, options, state_class: stateClass, unit_of_measurement: unit } = component;
  if (platform !== 'sensor') return [];
  const faults: string[] = [];
  if ((is === 'enum') !== (options !== undefined)) faults.push('device_class enum and options belong together');
  if (is === 'enum' && (stateClass !== undefined || unit !== undefined)) faults.push('an enum has neither unit nor state class');
  if (is === 'timestamp' && (stateClass !== undefined || unit !== undefined)) faults.push('a timestamp has neither unit nor state class');
  if (unit !== undefined && stateClass === undefined) faults.push('a number with a unit and no state class has no statistics');
  if (Array.isArray(options) && new Set(options).size !== options.length) faults.push('an option is there twice');
  // Its own words for "no state": an option of that name would look like it.
  for (const word of ['unknown', 'unavailable', 'None']) if (Array.isArray(options) && options.includes(word)) faults.push(`${word} cannot be an option`);
  return faults;
}

function attributeFaults(component: Readonly<Record<string, unknown>>): readonly string[] {
  const text = component['json_attributes_template'];
  if (text !== undefined && component['json_attributes_topic'] === undefined) return ['json_attributes_template without a topic'];
  const names = [...(typeof text === 'string' ? text : '').matchAll(/'(\w+)':/g)].map(([, name]) => name ?? '');
  return names.filter((name) => forbiddenAttributes.includes(name)).map((name) => `the attribute ${name} would be dropped`);
}

function availabilityFaults(component: Readonly<Record<string, unknown>>, payload: Root): readonly string[] {
  const { availability: own, availability_topic: ownTopic, availability_mode: ownMode } = component;
  const faults: string[] = [];
  if (ownTopic !== undefined && (own !== undefined || payload.availability !== undefined)) faults.push('availability_topic beside a shared availability');
  const mode = ownMode ?? payload.availability_mode;
  if (Array.isArray(own) && own.length > 1 && mode !== 'all') faults.push('several sources of availability need `all`');
  return faults;
}

export interface Announcement {
  readonly topic: string;
  readonly text: string;
}

/** The faults of all of them, and of them together: ids that two share, and devices that hang on one that is not there. */
export function announcementFaults(announcements: readonly Announcement[]): readonly string[] {
  const faults = announcements.flatMap(({ topic: name, text }) => payloadFaults(name, text));
  const payloads = announcements.filter(({ text }) => text !== '').map(({ text }) => JSON.parse(text) as Root);
  const entities = payloads.flatMap(({ components }) => Object.values(components));
  const ids = payloads.flatMap(({ device: { identifiers = [] } }) => identifiers);
  const twice = (what: string, all: readonly unknown[]): readonly string[] =>
    [...new Set(all.filter((each, at) => all.indexOf(each) !== at))].map((each) => `${what} ${String(each)} is there twice`);
  const lost = payloads.flatMap(({ device: { via_device: via } }) =>
    via === undefined || ids.includes(via) ? [] : [`via_device ${via} is announced by nobody`],
  );
  return [
    ...faults,
    ...twice(
      'unique_id',
      entities.map((each) => each['unique_id']).filter((each) => each !== undefined),
    ),
    ...twice('device', ids),
    ...twice(
      'topic',
      announcements.map(({ topic: name }) => name),
    ),
    ...lost,
  ];
}
