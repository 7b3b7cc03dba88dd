/** Where the process begins and ends. */
import { exitCodes } from './output.ts';
import { runCommandLine } from './program.ts';

function die(error: unknown): never {
  process.stderr.write(`homelab: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(exitCodes.trouble);
}
process.on('uncaughtException', die);
process.stdout.on('error', () => {
  process.exit(exitCodes.ok); // the reader of a pipe went away
});

runCommandLine(process.argv.slice(2)).then((code) => process.exit(code), die);
