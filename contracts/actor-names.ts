/** The names of all actors: a login `<actor>-<node>` has its actor's role, whatever an access list says. */

export const actorNames = [
  'inventory',
  'node-agent',
  'stability-agent',
  'observer',
  'ledger',
  'supervisor',
  'executor',
  'planner',
  'ha-diag-agent',
  'bridge',
  'ha-discovery',
  'operator-ui',
  'telegram-bot',
  'materializer',
  'watchdog',
  // not one of ours, and a front end all the same: its own login publishes what a person tapped
  'homeassistant',
] as const;
export type ActorName = (typeof actorNames)[number];

/** Actors that authenticate people themselves: what they ask for, they ask on behalf of a named person. */
export const frontEnds: readonly ActorName[] = ['operator-ui', 'telegram-bot', 'homeassistant'];

/**
 * Whose login it is: `executor-vps` → executor on vps; a bare `executor` is the actor of no node; null = not an actor's.
 * In whatever case it is written: a program must not pass for a person by a capital letter.
 */
export function actorOfLogin(given: string): { readonly actor: ActorName; readonly node: string | null } | null {
  const login = given.toLowerCase();
  for (const actor of actorNames) {
    if (login === actor) return { actor, node: null };
    if (login.startsWith(`${actor}-`) && login.length > actor.length + 1) return { actor, node: login.slice(actor.length + 1) };
  }
  return null;
}
