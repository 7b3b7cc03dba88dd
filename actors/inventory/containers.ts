/**
 * Which containers a declared service stands for, and what each of them is once the node's override is laid over the
 * service's own Compose file. Pure.
 *
 * A service of one container bears its name. A stack (control-plane: one container per actor) has several, each called
 * `<service>-<part>`; the topics, incidents and repairs are of the containers, and `stack` says where they belong.
 * A service without a Compose file (in a virtual machine, or on a machine that is not managed from here) stands for itself.
 */
import type { ComposeFile, ComposeService } from '../../contracts/inventory/compose.ts';
import { contentOf, type DeclaredTree, type MaybeFile } from './tree.ts';

export interface DeclaredContainer {
  readonly node: string;
  /** The declared service: a directory in services/. */
  readonly stack: string;
  /** Canonical name: the key in the Compose file. */
  readonly name: string;
  /** null: there is no Compose file. */
  readonly compose: ComposeService | null;
}

/** The containers of one declared service on one node, in the order of its Compose file. */
export function containersOf(tree: DeclaredTree, node: string, service: string): readonly DeclaredContainer[] {
  const base = contentOf(tree.services.get(service)?.compose ?? 'absent');
  const overrideFile = tree.hosts.get(node)?.overrides.get(service) ?? 'absent';
  const override = contentOf(overrideFile);
  const names = composeNames(base, override);
  if (names.length === 0) return [{ node, stack: service, name: service, compose: null }];
  return names.map((name) => ({
    node,
    stack: service,
    name,
    compose: overlaid(base?.services?.[name] ?? null, override?.services?.[name] ?? null, replacedKeys(overrideFile, name)),
  }));
}

/** Keys of a container that its override marks with `!override`: then nothing is joined (Compose v2 only). */
function replacedKeys(override: MaybeFile<ComposeFile>, name: string): ReadonlySet<string> {
  if (typeof override === 'string') return new Set();
  const marked = override.tags().filter(({ tag, path }) => tag === '!override' && path.length === 3 && path[1] === name);
  return new Set(marked.map(({ path }) => path[2] ?? ''));
}

const composeNames = (base: ComposeFile | null, override: ComposeFile | null): readonly string[] => [
  ...new Set([...Object.keys(base?.services ?? {}), ...Object.keys(override?.services ?? {})]),
];

/** Keys whose two values docker-compose joins; of every other key the override's value counts (measured on 1.29.2). */
const listKeys = ['ports', 'volumes', 'devices', 'depends_on', 'extra_hosts'] as const;
const mapKeys = ['environment', 'labels'] as const;

/** What is left of the override's list first, so that a reader who looks for a container path finds the one that counts. */
function overlaid(base: ComposeService | null, override: ComposeService | null, replaced: ReadonlySet<string>): ComposeService {
  const merged: Record<string, unknown> = { ...base, ...override };
  for (const key of listKeys) {
    const [before, after] = [base?.[key], override?.[key]];
    if (!replaced.has(key) && Array.isArray(before) && Array.isArray(after)) merged[key] = [...after, ...before];
  }
  for (const key of mapKeys) merged[key] = { ...(replaced.has(key) ? {} : keyValues(base?.[key])), ...keyValues(override?.[key]) };
  return merged as ComposeService;
}

/** `KEY=value` lists and maps, both forms of Compose, as a map; a key without a value is null. */
export function keyValues(given: ComposeService['environment']): Readonly<Record<string, string | null>> {
  if (given === undefined) return {};
  const pairs = Array.isArray(given)
    ? given.map((line): [string, string | null] => {
        const at = line.indexOf('=');
        return at === -1 ? [line, null] : [line.slice(0, at), line.slice(at + 1)];
      })
    : Object.entries(given).map(([key, value]): [string, string | null] => [key, value === null || value === undefined ? null : String(value)]);
  return Object.fromEntries(pairs);
}

/** Bytes of a Compose size such as `256m`; null for what is none. Source: docker/go-units, RAMInBytes. */
export function composeBytes(size: string | number | undefined): number | null {
  if (typeof size === 'number') return Number.isFinite(size) && size >= 0 ? size : null;
  const match = /^(\d+(?:\.\d+)?)\s*(b|k|kb|m|mb|g|gb)?$/i.exec(size ?? '');
  if (match === null) return null;
  const factor = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match[2]?.[0] ?? 'b').toLowerCase()] ?? 1;
  return Math.floor(Number(match[1]) * factor);
}
