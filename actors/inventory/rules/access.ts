/** Rule about who may do what: somebody must be able to agree. */
import { actorOfLogin } from '../../../contracts/actor-names.ts';
import { at, type Rule } from './rule.ts';

const noOperator: Rule = {
  id: 'no-operator',
  severity: 'error',
  finds: 'an access.yaml without a single operator',
  why: 'every repair waits for the yes of one, so nothing would ever be repaired',
  *find(tree) {
    if (typeof tree.access === 'string') return;
    // A login of an actor has the role of its actor, whatever is written here.
    const isOperator = ([login, role]: readonly [string, string]): boolean => role === 'operator' && actorOfLogin(login) === null;
    if (!Object.entries(tree.access.value.logins ?? {}).some(isOperator))
      yield at(tree.access, ['logins'], 'there is no operator; expected at least one login with it');
  },
};

export const accessRules: readonly Rule[] = [noOperator];
