/**
 * A notice to a person. The ledger completes it by itself once it is acknowledged; one that reaches an executor all the
 * same fails with `handler_missing`: saying `completed` here would hide that the ledger did not do its part.
 */
import type { Handler } from './handler.ts';

export const alertOnly: Handler = { effect: null, why: 'a notice is completed by the ledger, no executor is involved' };
