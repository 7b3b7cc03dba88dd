/** Where the process begins and ends. */
import { exitCodes } from './output.ts';
import { runCommandLine } from './program.ts';

process.on('uncaughtException', (error) => {
  process.stderr.write(`homelab: internal error: ${error.stack ?? error.message}\n`);
  process.exit(exitCodes.trouble);
});
process.stdout.on('error', () => {
  process.exit(exitCodes.ok); // the reader of a pipe went away
});

process.exit(await runCommandLine(process.argv.slice(2)));
