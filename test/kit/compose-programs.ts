/** Whether both versions of docker-compose and shellcheck are there. */
import { findComposePrograms } from '../../adapters/compose/programs.ts';
import { runProgram } from '../../adapters/shell/run-program.ts';

/** Answers at once, or is not there. */
const deadlineMs = 10_000;

/** False: skip visibly. In CI a missing program is an error, not a skip. */
export async function haveValidators(): Promise<boolean> {
  const { v1, v2 } = await findComposePrograms();
  const shellcheck = await runProgram('shellcheck', ['--version'], { deadlineMs });
  const missing = [
    ...(v1 === null ? ['docker-compose 1.x'] : []),
    ...(v2 === null ? ['docker compose 2.x'] : []),
    ...(shellcheck.kind === 'ended' ? [] : ['shellcheck']),
  ];
  if (missing.length > 0 && process.env['CI'])
    throw new Error(`${missing.join(', ')}: not installed, and CI must not skip these tests (node scripts/prepare.mjs --parts)`);
  return missing.length === 0;
}
