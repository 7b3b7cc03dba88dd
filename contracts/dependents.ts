/**
 * Which services of a node may be restarted after one of them, and in which order (docs/decisions/0010).
 * In one place for the supervisor, which names them in the proposal, and the executor, which restarts them.
 */
import type { DesiredNode, DesiredService } from './desired.ts';

/** More than that hang on a service that nobody should restart by a tap on a phone; their names also have to fit into a document. */
export const dependentsMax = 8;

/** Names of the services that need `service`, directly or through others, on the same node: what is needed comes first, else by name. */
export function dependentsOf({ node, services }: Pick<DesiredNode, 'node' | 'services'>, service: string): readonly string[] {
  const byName = new Map([...services].sort((a, b) => (a.name < b.name ? -1 : 1)).map((each) => [each.name, each]));
  const needs = (each: DesiredService): readonly string[] => localNeeds(node, each).filter((name) => byName.has(name));
  const reached = new Set([service]);
  const order: string[] = [];
  // Everybody whose needs are met by now, in rounds: a circle comes last, by name.
  for (let round = directly(byName, reached, needs); round.length > 0; round = directly(byName, reached, needs)) for (const name of round) reached.add(name);
  const left = new Set([...reached].filter((name) => name !== service).sort());
  while (left.size > 0) {
    const next =
      [...left].find((name) => !needs(byName.get(name) as DesiredService).some((need) => need !== name && left.has(need))) ?? ([...left][0] as string);
    left.delete(next);
    order.push(next);
  }
  return order.filter((name) => mayBeNamed(byName.get(name) as DesiredService)).slice(0, dependentsMax);
}

/** What a service needs of its own node. */
export const localNeeds = (node: string, { depends_on = [] }: DesiredService): readonly string[] =>
  depends_on.filter((reference) => reference.startsWith(`${node}/`)).map((reference) => reference.slice(node.length + 1));

function directly(
  byName: ReadonlyMap<string, DesiredService>,
  reached: ReadonlySet<string>,
  needs: (each: DesiredService) => readonly string[],
): readonly string[] {
  return [...byName.values()].filter((each) => !reached.has(each.name) && needs(each).some((need) => reached.has(need))).map(({ name }) => name);
}

/** What risks more than a plain restart needs a yes of its own, and nobody watches what is not monitored. */
const mayBeNamed = ({ monitor, repairable, repair_risk }: DesiredService): boolean => monitor && repairable !== false && repair_risk !== 'guarded';
