/**
 * The two ways in which YAML is read: our own files as plain YAML 1.2, and Compose files with what docker-compose adds:
 * merge keys (`<<`) and tags such as `!reset` and `!override`, of which the reader says only that they are there.
 */
import { CORE_SCHEMA, defineMappingTag, defineScalarTag, defineSequenceTag, load, mergeTag, type Schema } from 'js-yaml';

/** A value with `!reset` counts as not there; it is there all the same (undefined), so that it hides what it overrides. */
const resetTag = '!reset';

function plainScalar(source: string): unknown {
  try {
    const value = load(source);
    return typeof value === 'object' && value !== null ? source : value;
  } catch {
    return source;
  }
}

const taggedScalar = defineScalarTag('!', {
  matchByTagPrefix: true,
  resolve: (source, _isExplicit, tagName) => (tagName === resetTag || source === '' ? undefined : plainScalar(source)),
  identify: () => false,
});

interface Tagged<T> {
  readonly tagName: string;
  readonly value: T;
}
const unlessReset = <T>({ tagName, value }: Tagged<T>): T | undefined => (tagName === resetTag ? undefined : value);

const taggedSequence = defineSequenceTag('!', {
  matchByTagPrefix: true,
  create: (tagName): Tagged<unknown[]> => ({ tagName, value: [] }),
  addItem: ({ value }, item) => {
    value.push(item);
  },
  finalize: unlessReset,
  identify: () => false,
});

const taggedMapping = defineMappingTag('!', {
  matchByTagPrefix: true,
  create: (tagName): Tagged<Map<unknown, unknown>> => ({ tagName, value: new Map() }),
  addPair: ({ value }, key, item) => {
    value.set(key, item);
    return '';
  },
  has: ({ value }, key) => value.has(key),
  // Not Object.fromEntries on assignment: a key called __proto__ must stay a key.
  finalize: (carrier) => {
    const map = unlessReset(carrier);
    return map === undefined ? undefined : Object.fromEntries([...map].map(([key, item]) => [String(key), item]));
  },
  keys: (result) => Object.keys(result ?? {}),
  get: (result, key) => result?.[String(key)],
  identify: () => false,
});

export const dialects = {
  plain: CORE_SCHEMA,
  compose: CORE_SCHEMA.withTags(mergeTag, taggedScalar, taggedSequence, taggedMapping),
} as const satisfies Record<string, Schema>;
export type Dialect = keyof typeof dialects;
