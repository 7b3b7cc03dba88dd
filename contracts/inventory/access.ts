/** inventory/access.yaml: who may do what. Names and roles only; no secret is ever kept in Git. */
import { z } from 'zod';
import { Login } from '../common.ts';
import { PersonRole } from '../desired.ts';

export const AccessFile = z.strictObject({
  logins: z
    .record(Login, PersonRole)
    .nullable()
    .describe('operator, delegate or reader, by broker login')
    .meta({ examples: [{ anna: 'operator', 'telegram-bot': 'delegate' }] }),
});
export type AccessFile = z.infer<typeof AccessFile>;
