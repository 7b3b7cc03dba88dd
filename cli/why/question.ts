/** What somebody asks about: a node, or a service on it, as far as the documents know them. Pure. */
import type { Decisions } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { nearestOf } from '../../contracts/inventory/nearest.ts';
import { UsageError } from '../settings.ts';

export interface Question {
  readonly desired: DesiredNode;
  /** null: the supervisor has said nothing about this node. */
  readonly decisions: Decisions | null;
  /** null: the whole node. */
  readonly service: string | null;
}

interface Known {
  readonly desired: readonly DesiredNode[];
  readonly decisions: readonly Decisions[];
}

/** Throws a UsageError that says what was probably meant. */
export function questionOf({ desired, decisions }: Known, nodeName: string, serviceName: string | undefined): Question {
  const slash = nodeName.indexOf('/');
  if (serviceName === undefined && slash !== -1) return questionOf({ desired, decisions }, nodeName.slice(0, slash), nodeName.slice(slash + 1));
  const node = desired.find((each) => each.node === nodeName) ?? desired.find(({ aliases = [] }) => aliases.includes(nodeName));
  if (node === undefined) {
    const homes = homesOf(desired, nodeName);
    const [home] = homes;
    // There is no other that could be meant.
    if (serviceName === undefined && home !== undefined && homes.length === 1) return questionOf({ desired, decisions }, home, nodeName);
    throw new UsageError(noNode(desired, nodeName));
  }
  const found = decisions.find((each) => each.node === node.node) ?? null;
  if (serviceName === undefined) return { desired: node, decisions: found, service: null };
  // Home Assistant is judged by its events, also where nobody declared it.
  const known = [...node.services.map(({ name }) => name), ...(found?.others ?? []).flatMap(({ service }) => service ?? [])];
  if (known.includes(serviceName)) return { desired: node, decisions: found, service: serviceName };
  const elsewhere = homesOf(desired, serviceName);
  const near = nearestOf(serviceName, known);
  const hint = near !== null ? `; did you mean ${near}?` : elsewhere.length > 0 ? `; it is desired on ${elsewhere.join(', ')}` : '';
  throw new UsageError(`no service ${JSON.stringify(serviceName)} is desired on ${node.node}${hint}`);
}

const homesOf = (desired: readonly DesiredNode[], service: string): readonly string[] =>
  desired.filter(({ services }) => services.some(({ name }) => name === service)).map(({ node }) => node);

function noNode(desired: readonly DesiredNode[], name: string): string {
  const homes = homesOf(desired, name);
  if (homes.length > 0) return `${JSON.stringify(name)} is a service, not a node: homelab why ${homes[0]} ${name}`;
  const near = nearestOf(
    name,
    desired.map(({ node }) => node),
  );
  const names = desired.map(({ node }) => node).sort();
  return `no node is called ${JSON.stringify(name)}${near === null ? '' : `; did you mean ${near}?`}; there are ${names.join(', ') || 'none'}`;
}
