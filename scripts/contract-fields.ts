/**
 * What a contract of a file says about each of its fields, as rows for people: path, meaning, allowed values, default, example.
 * Reads the JSON Schema that zod makes of the contract. Pure.
 */
import { z } from 'zod';
import { levelPattern } from '../contracts/common.ts';

export interface FieldRow {
  /** `services.<service>.depends_on.local` */
  readonly path: string;
  readonly meaning: string;
  /** What may stand there, with its unit. */
  readonly value: string;
  /** Markdown; `**required**`, or what counts when it is left out. */
  readonly fallback: string;
  /** Markdown; empty where the allowed values say it all. */
  readonly example: string;
}

/** The part of JSON Schema that the contracts of files use; `unit` is our own. */
interface Node {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly propertyNames?: Node;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly unit?: string;
}

export function fieldRows(schema: z.ZodType): readonly FieldRow[] {
  return childRows(z.toJSONSchema(schema, { io: 'input' }) as Node, '');
}

const childRows = (node: Node, prefix: string): readonly FieldRow[] =>
  Object.entries(node.properties ?? {}).flatMap(([key, child]) => rowsOf(child, `${prefix}${key}`, node.required?.includes(key) === true));

function rowsOf(given: Node, path: string, isRequired: boolean): readonly FieldRow[] {
  const node = withoutNull(given);
  const entry = node.additionalProperties;
  if (typeof entry === 'object') {
    const name = `${path}.<${keyWord(node.propertyNames)}>`;
    const inner = withoutNull(entry);
    if (inner.properties === undefined) return [row({ ...inner, examples: [], description: node.description ?? '' }, name, isRequired)];
    return [row(node, name, isRequired), ...childRows(inner, `${name}.`)];
  }
  if (node.items?.properties !== undefined) return [row(node, `${path}[]`, isRequired), ...childRows(node.items, `${path}[].`)];
  if (node.properties === undefined) return [row(node, path, isRequired)];
  // A group that must be there, or may be left out because all in it may be, says nothing by itself.
  const isPlain = isRequired || node.default !== undefined;
  return [...(isPlain ? [] : [row(node, path, false)]), ...childRows(node, `${path}.`)];
}

const row = (node: Node, path: string, isRequired: boolean): FieldRow => ({
  path,
  meaning: node.description ?? '',
  value: valueWords(node),
  fallback: node.default !== undefined && !isEmpty(node.default) ? code(node.default) : isRequired ? '**required**' : '',
  example: node.enum === undefined && node.type !== 'boolean' && node.examples?.[0] !== undefined ? code(node.examples[0]) : '',
});

/** "`a`, `b`", "list of service names", "0 to 3600 s", "text". */
function valueWords(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((each) => `\`${each}\``).join(', ');
  if (node.items !== undefined) return node.items.properties === undefined ? `list: ${valueWords(node.items)}` : 'list of groups';
  if (node.properties !== undefined || node.additionalProperties !== undefined) return 'group';
  if (node.type === 'boolean') return '`true`, `false`';
  if (node.type === 'integer' || node.type === 'number') return node.title ?? [node.unit ?? numberKind(node), ...numberRange(node)].join(', ');
  if (node.title !== undefined) return node.title;
  if (node.format === 'date') return 'date';
  return node.pattern === levelPattern.source ? 'one word' : 'text';
}

const numberKind = ({ type }: Node): string => (type === 'integer' ? 'whole number' : 'number');

function numberRange({ minimum, exclusiveMinimum, maximum }: Node): readonly string[] {
  // The bounds of whole numbers in JavaScript say nothing.
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && most !== undefined) return [`${minimum} to ${most}`];
  return [
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
  ];
}

/** `services:` with nothing after it is null, and means the same as empty. */
function withoutNull(node: Node): Node {
  const others = node.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  const [only] = others;
  if (others.length !== 1 || only === undefined) return node;
  const { anyOf: _, ...said } = node;
  return { ...only, ...said };
}

const keyWord = (names: Node | undefined): string => names?.title?.replace(/ name$/, '') ?? (names?.description?.includes('login') === true ? 'login' : 'name');

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** As it would stand in YAML, on one line. */
const code = (value: unknown): string => `\`${inline(value)}\``;
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${inline(each)}`)
      .join(', ')} }`;
  // A date, time or version without quotes is something else in YAML.
  return typeof value === 'string' && /^\d/.test(value) && /^[\d.:-]+$/.test(value) ? `"${value}"` : String(value);
}
