/** Who may do what at a site, from what the desired documents of its nodes carry. Pure. */
import type { AccessList, DesiredNode, PersonRole } from './desired.ts';

/** Least first: where two lists disagree, the lesser privilege wins. */
const privileges: readonly PersonRole[] = ['reader', 'delegate', 'operator'];

/** The site's access list: the union of what its desired documents carry; null when none carries one. */
export function accessListOf(desired: Iterable<Pick<DesiredNode, 'access'>>): AccessList | null {
  let union: Record<string, PersonRole> | null = null;
  for (const { access } of desired) {
    if (access === null) continue;
    union ??= Object.create(null) as Record<string, PersonRole>;
    for (const [login, role] of Object.entries(access)) {
      const known = union[login];
      if (known === undefined || privileges.indexOf(role) < privileges.indexOf(known)) union[login] = role;
    }
  }
  return union;
}
