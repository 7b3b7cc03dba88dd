/** Goes back to the version that ran before. Not in this version: the ledger refuses it, and one that was agreed to before it did fails with `handler_missing`. */
import { actionRules } from '../../../contracts/action-rules.table.ts';
import type { Handler } from './handler.ts';

export const rollback: Handler = { effect: null, why: actionRules.rollback.unsupported ?? '' };
