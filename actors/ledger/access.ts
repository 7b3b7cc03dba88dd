/**
 * Who somebody is: from the login in a request's topic to a role, and from there to whom the history will name.
 *
 * Reads the access list that came with the desired state; remembers nothing. An actor's login has its actor's role
 * whatever the list says, so that no list can let a program approve.
 */
import { actorOfLogin, frontEnds } from '../../contracts/actor-names.ts';
import type { AccessList, PersonRole } from '../../contracts/desired.ts';
import type { Mover } from './moves.ts';

/** The requester of `actions/<state>`; a login of that name gets no more. */
export const anonymousName = 'anonymous';

export type Standing =
  | { readonly kind: 'person'; readonly login: string; readonly role: PersonRole | 'anonymous' }
  | { readonly kind: 'program'; readonly login: string; readonly mover: Mover }
  | { readonly kind: 'stranger'; readonly login: string; readonly why: string };

export interface AccessRules {
  readonly access: AccessList | null;
  /** The broker is embedded and only this machine can reach it. */
  readonly anonymousAllowed: boolean;
}

export function standingOf(login: string, rules: AccessRules): Standing {
  if (login === anonymousName) return anonymous(rules);
  const owner = actorOfLogin(login);
  if (owner !== null && frontEnds.includes(owner.actor)) return { kind: 'person', login, role: 'delegate' };
  if (owner !== null) return { kind: 'program', login, mover: programMover(login, owner.actor, owner.node) };
  if (rules.access === null) return { kind: 'person', login, role: 'operator' };
  const role = Object.hasOwn(rules.access, login) ? rules.access[login] : undefined;
  if (role === undefined) return { kind: 'stranger', login, why: `${login} is not in the access list of this site` };
  return { kind: 'person', login, role };
}

function anonymous(rules: AccessRules): Standing {
  const login = anonymousName;
  if (!rules.anonymousAllowed)
    return { kind: 'stranger', login, why: 'requests without a login are only accepted by a broker that nobody but this machine can reach' };
  if (rules.access !== null) return { kind: 'stranger', login, why: 'this site has an access list: publish on actions/<state>/<your login>' };
  return { kind: 'person', login, role: 'anonymous' };
}

function programMover(login: string, actor: string, node: string | null): Mover {
  if (actor === 'supervisor' || actor === 'planner') return { role: 'proposer', node, by: login };
  if (actor === 'executor' && node !== null) return { role: 'executor', node, by: login };
  return { role: 'none', node, by: login };
}

export type Named =
  | { readonly ok: true; readonly mover: Mover }
  | { readonly ok: false; readonly code: 'not_allowed' | 'on_behalf_of_needed'; readonly why: string };

/** A person's name goes into one line of text: no line breaks, nothing invisible. */
const printable = (text: string): string => text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();

/** Whom the history names: the person, with the front end that vouches for him; or the program itself. */
export function moverOf(standing: Standing, onBehalfOf: string | undefined): Named {
  if (standing.kind === 'stranger') return { ok: false, code: 'not_allowed', why: standing.why };
  if (standing.kind === 'program') return { ok: true, mover: standing.mover };
  const person = printable(onBehalfOf ?? '');
  const { login, role } = standing;
  const named = (by: string): Named => ({ ok: true, mover: { role: 'person', node: null, by } });
  switch (role) {
    case 'reader':
      return { ok: false, code: 'not_allowed', why: `${login} may read, not ask for anything` };
    case 'delegate':
      if (person === '') return { ok: false, code: 'on_behalf_of_needed', why: `${login} asks for people: say for whom, in "on_behalf_of"` };
      return named(`${person} via ${login}`);
    case 'operator':
      return named(person === '' ? login : `${login} for ${person}`);
    case 'anonymous':
      return named(anonymousName);
  }
}
