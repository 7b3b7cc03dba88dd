/**
 * What memory a container may take, as its Compose files say. Pure. The one answer for the rules, for what is published and for
 * what is explained.
 */
import type { ComposeService } from '../../contracts/inventory/compose.ts';
import { composeBytes } from './containers.ts';
import { envLines, withVariables } from './rules/variables.ts';
import type { TextFile } from './tree.ts';

/**
 * Bytes; variables have the values of env.example. null: no limit, or one that cannot be read (to the engine 0 is no limit).
 * Source: Compose, `mem_limit`.
 */
export function memoryLimitBytes(compose: ComposeService, envExample: TextFile | null): number | null {
  const given = compose.mem_limit;
  const bytes = composeBytes(typeof given === 'string' ? (withVariables(given, envLines(envExample)) ?? undefined) : given);
  return bytes === 0 ? null : bytes;
}
