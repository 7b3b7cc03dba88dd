/**
 * Holds a value against its contract and puts every difference into words, each with its place. Pure.
 *
 * An unknown key is a finding of its own (`unknown-key`, with the key that was most likely meant), is left out, and the
 * rest is read. Everything else that does not fit is `contract`, and there is no value then.
 */
import { z } from 'zod';
import type { Finding, Place } from '../../actors/inventory/tree.ts';
import { nearestOf } from '../../contracts/inventory/nearest.ts';

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;
type Fault = Pick<Finding, 'rule' | 'severity' | 'place' | 'detail'>;

export interface Checked<T> {
  /** null: it does not fit. */
  readonly value: T | null;
  /** In the order of the file. */
  readonly faults: readonly Fault[];
}

export function checkContract<T>(given: unknown, schema: z.ZodType<T>, placeOf: (path: Path) => Place): Checked<T> {
  const faults: Fault[] = [];
  const fault = (rule: string, path: Path, detail: string): void => {
    faults.push({ rule, severity: 'error', place: placeOf(path), detail });
  };
  let value = given;
  for (;;) {
    const result = schema.safeParse(value);
    const issues = result.success ? [] : result.error.issues.map(toldBest);
    const unknown = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : []));
    if (result.success) return { value: result.data, faults: faults.sort(byPlace) };
    if (unknown.length === 0) {
      for (const issue of issues) fault('contract', issue.path, `${nameOf(issue.path)}: ${reasonOf(issue, value)}`);
      return { value: null, faults: faults.sort(byPlace) };
    }
    for (const path of unknown) fault('unknown-key', path, unknownKey(path, schema));
    value = without(value, unknown);
  }
}

const byPlace = (a: Fault, b: Fault): number => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0);

const nameOf = (path: Path): string => (path.length === 0 ? 'the file' : path.map(String).join('.'));

/** Of a choice between forms: the one that got furthest tells more than "none of them". */
function toldBest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const deepest = issue.errors.flat().reduce<Issue | null>((best, each) => (each.path.length > (best?.path.length ?? 0) ? each : best), null);
  return deepest === null ? issue : toldBest({ ...deepest, path: [...issue.path, ...deepest.path] });
}

function reasonOf(issue: Issue, value: unknown): string {
  const found = valueAt(value, issue.path);
  const shown = shownValue(found);
  switch (issue.code) {
    case 'invalid_type':
      return found === undefined ? `missing; expected ${issue.expected}` : `expected ${issue.expected}${shown}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}${shown}`;
    case 'invalid_union': {
      const kinds = issue.errors.flat().flatMap((each) => (each.code === 'invalid_type' ? each.expected : []));
      return kinds.length > 1 && issue.message === 'Invalid input' ? `expected ${[...new Set(kinds)].join(' or ')}${shown}` : `${issue.message}${shown}`;
    }
    // A wrong key hides its own reason one level down.
    case 'invalid_key':
      return `${issue.issues[0]?.message ?? issue.message}${shown}`;
    default:
      return `${issue.message}${shown}`;
  }
}

/** Scalars are worth showing: `monitor: yes` is a string in YAML 1.2, and few people know. */
function shownValue(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return `, found ${JSON.stringify(value).slice(0, 60)}`;
  if (value === null) return ', found nothing';
  return value === undefined ? '' : `, found ${Array.isArray(value) ? 'a list' : 'a mapping'}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return at;
}

/** A copy of the value, as deep as need be, without these keys. */
function without(value: unknown, paths: readonly Path[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
    const below = paths.filter(([first]) => String(first) === key).map((path) => path.slice(1));
    if (below.some((path) => path.length === 0)) return [];
    return [[key, below.length === 0 ? part : without(part, below)]];
  });
  return Array.isArray(value) ? entries.map(([, part]) => part) : Object.fromEntries(entries);
}

function unknownKey(path: Path, schema: z.ZodType): string {
  const key = String(path.at(-1));
  const known = knownKeys(schema, path.slice(0, -1));
  const nearest = nearestOf(key, known);
  const hint = nearest === null ? `; expected one of ${known.join(', ')}` : `; did you mean ${nearest}?`;
  return `${nameOf(path)}: there is no such key${known.length === 0 ? '' : hint}`;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Asked of the JSON Schema, because that form of a contract is documented; only for a file that is wrong. */
function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  let at: readonly JsonSchema[] = [z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema];
  const branches = (each: JsonSchema): readonly JsonSchema[] => [each, ...(each.anyOf ?? []).flatMap(branches)];
  for (const step of path) {
    at = at.flatMap(branches).flatMap(({ properties, additionalProperties, items }) => {
      const next = properties?.[String(step)] ?? (typeof additionalProperties === 'object' ? additionalProperties : items);
      return next === undefined ? [] : [next];
    });
  }
  return [...new Set(at.flatMap(branches).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}
