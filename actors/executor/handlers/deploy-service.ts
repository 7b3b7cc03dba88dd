/** Brings a desired service up that has no container yet. Not in this version: the ledger refuses it, and one that was agreed to before it did fails with `handler_missing`. */
import { actionRules } from '../../../contracts/action-rules.table.ts';
import type { Handler } from './handler.ts';

export const deployService: Handler = { effect: null, why: actionRules.deploy_service.unsupported ?? '' };
