/** The `homelab` command: which commands there are, and what their failures look like. */
import { Command, CommanderError } from 'commander';
import { actions } from './commands/actions.ts';
import { decide } from './commands/decide.ts';
import { type EmitOptions, emit } from './commands/emit.ts';
import { run } from './commands/run.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';
import { watch } from './commands/watch.ts';
import { worldRebuild } from './commands/world.ts';
import { actorNames } from './compose.ts';
import { exitCodes, output } from './output.ts';
import { UnavailableError } from './session.ts';
import { readSettings, UsageError } from './settings.ts';
import { version } from './version.ts';

interface JsonOption {
  readonly json?: boolean;
}

/** Runs one command line; resolves with the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok;
  const settings = () => readSettings(process.env);
  const out = (options: JsonOption) => output(options.json === true);
  const program = new Command('homelab')
    .description('Actors that watch, explain and, once a person agrees, repair a homelab of Docker hosts, over MQTT.')
    .version(version)
    .exitOverride()
    .showHelpAfterError()
    .addHelpText('after', '\nExit codes: 0 all right, 1 trouble or refused, 2 wrong usage, 3 no broker or no answer.\nEnvironment variables and where files live: docs/guide.md');

  program
    .command('up')
    .description('run every actor for this machine, on a broker of its own unless HOMELAB_BROKER_URL names one')
    .action(async () => {
      code = await up(settings());
    });
  program
    .command('run')
    .description('run some actors in a process of their own')
    .argument('<actor...>', actorNames.join(', '))
    .action(async (names: string[]) => {
      code = await run(settings(), names);
    });
  program
    .command('status')
    .description('is anything wrong, since when, and what waits for me (exit code 0 only when nominal)')
    .option('--json', 'one JSON object')
    .action(async (options: JsonOption) => {
      code = await status(settings(), out(options));
    });
  program
    .command('watch')
    .description('live events, and every change of an action or incident')
    .option('--json', 'one JSON object per line')
    .action(async (options: JsonOption) => {
      code = await watch(settings(), out(options));
    });
  program
    .command('actions')
    .description('what is proposed, approved or running')
    .option('--all', 'finished ones too')
    .option('--json', 'one JSON object per line')
    .action(async (options: JsonOption & { readonly all?: boolean }) => {
      code = await actions(settings(), out(options), options);
    });
  for (const [name, state] of [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const) {
    program
      .command(name)
      .description(`${name} a pending action, under your login (HOMELAB_LOGIN)`)
      .argument('<action>', 'its id, a prefix that means only one, or `next`')
      .option('--note <text>', 'kept with the decision')
      .option('--json', 'the reply as one JSON object')
      .action(async (action: string, options: JsonOption & { readonly note?: string }) => {
        code = await decide(settings(), out(options), state, action, options);
      });
  }
  program
    .command('emit')
    .description('an event from a shell script, on disk before this returns')
    .argument('<type>', 'snake_case, such as backup_completed')
    .option('--message <text>')
    .option('--severity <severity>', 'info, warning, error or critical')
    .option('--service <name>')
    .option('--correlation <id>')
    .option('--payload <json>', 'a JSON object')
    .option('--json', 'one JSON object')
    .action(async (type: string, options: JsonOption & EmitOptions) => {
      code = await emit(settings(), out(options), type, options);
    });
  program
    .command('world')
    .description('the stored history')
    .command('rebuild')
    .description('replay the event store into fresh checkpoints; the observer of this data directory must be stopped')
    .option('--dry-run', 'replay and report, write nothing; may run beside the observer')
    .option('--json', 'one JSON object')
    .action(async (options: JsonOption & { readonly dryRun?: boolean }) => {
      code = await worldRebuild(settings(), out(options), options);
    });

  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof UsageError || error instanceof UnavailableError) {
      process.stderr.write(`homelab: ${error.message}\n`);
      return error instanceof UsageError ? exitCodes.usage : error.exitCode;
    }
    throw error;
  }
  return code;
}
