/** The `homelab` command: which commands there are, and what their failures look like. */
import { Command, CommanderError } from 'commander';
import { actions } from './commands/actions.ts';
import { alive } from './commands/alive.ts';
import { type BrokerCommandOptions, broker } from './commands/broker.ts';
import { decide } from './commands/decide.ts';
import { deedsHelp, demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { type EmitOptions, emit } from './commands/emit.ts';
import { run } from './commands/run.ts';
import { status } from './commands/status.ts';
import { type UpOptions, up } from './commands/up.ts';
import { watch } from './commands/watch.ts';
import { worldRebuild } from './commands/world.ts';
import { actorNames } from './compose.ts';
import { exitCodes, type Output, output } from './output.ts';
import { UnavailableError } from './session.ts';
import { readSettings, type Settings, UsageError } from './settings.ts';
import { version } from './version.ts';

interface JsonOption {
  readonly json?: boolean;
}
/** Performs one command with what it needs, and keeps its exit code. */
type Perform = (options: JsonOption, command: (settings: Settings, out: Output) => Promise<number>) => Promise<void>;

const description = 'Actors that watch, explain and, once a person agrees, repair a homelab of Docker hosts, over MQTT.';
const afterHelp = `
Exit codes: 0 all right, 1 trouble or refused, 2 wrong usage, 3 no broker or no answer.
Environment variables and where files live: docs/guide.md`;

/** Runs one command line; resolves with the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok;
  const perform: Perform = async (options, command) => {
    code = await command(readSettings(process.env), output(options.json === true));
  };
  const program = new Command('homelab').description(description).version(version).exitOverride().showHelpAfterError().addHelpText('after', afterHelp);
  addRunning(program, perform);
  addAsking(program, perform);
  addSaying(program, perform);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof UsageError || error instanceof UnavailableError)) throw error;
    process.stderr.write(`homelab: ${error.message}\n`);
    return error instanceof UsageError ? exitCodes.usage : error.exitCode;
  }
}

function addRunning(program: Command, perform: Perform): void {
  program
    .command('up')
    .description('run every actor for this machine, on a broker of its own unless HOMELAB_BROKER_URL names one')
    .option('--demo', 'a simulated homelab instead of this machine: no container engine is needed or touched')
    .action((options: JsonOption & UpOptions) => perform(options, (settings) => up(settings, options)));
  program
    .command('demo')
    .description('break and heal things in the simulated homelab that `up --demo` runs')
    .argument('[deed]', 'what to do; see below', 'list')
    .argument('[node]')
    .argument('[service]')
    .option('--json', 'the answer as one JSON object')
    .addHelpText('after', deedsHelp)
    .action((deed: string, node: string | undefined, service: string | undefined, options: JsonOption) =>
      perform(options, (settings, out) => demo(settings, out, { deed, node, service })),
    );
  addBroker(program, perform);
  program
    .command('run')
    .description('run some actors in a process of their own')
    .argument('<actor...>', actorNames.join(', '))
    .action((names: string[], options: JsonOption) => perform(options, (settings) => run(settings, names)));
  program
    .command('world')
    .description('the stored history')
    .command('rebuild')
    .description('replay the event store into fresh checkpoints; the observer of this data directory must be stopped')
    .option('--dry-run', 'replay and report, write nothing; may run beside the observer')
    .option('--json', 'one JSON object')
    .action((options: JsonOption & { readonly dryRun?: boolean }) => perform(options, (settings, out) => worldRebuild(settings, out, options)));
}

function addBroker(program: Command, perform: Perform): void {
  program
    .command('broker')
    .description('run only the built-in MQTT broker, in the foreground (docs/broker.md)')
    .option('--host <address>', 'listen there; anything but this machine needs HOMELAB_CREDENTIALS')
    .option('--port <port>', 'MQTT over TCP')
    .option('--tls-cert <file>', 'certificate (PEM): listen with TLS too')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-port <port>', 'MQTT over TLS')
    .option('--ws-port <port>', 'MQTT over WebSocket too')
    .action((options: JsonOption & BrokerCommandOptions) => perform(options, (settings) => broker(settings, options)));
}

function addAsking(program: Command, perform: Perform): void {
  program
    .command('status')
    .description('is anything wrong, since when, and what waits for me (exit code 0 only when nominal)')
    .option('--json', 'one JSON object')
    .action((options: JsonOption) => perform(options, status));
  program
    .command('doctor')
    .description('check engine, broker, clock, disk, files and versions; each line says how to mend it; changes nothing')
    .option('--json', 'one JSON object per check')
    .action((options: JsonOption) => perform(options, doctor));
  program
    .command('alive')
    .description('are the actors of this data directory connected and well? (the health check of a container)')
    .option('--json', 'one JSON object')
    .action((options: JsonOption) => perform(options, alive));
  program
    .command('watch')
    .description('live events, and every change of an action or incident')
    .option('--json', 'one JSON object per line')
    .action((options: JsonOption) => perform(options, watch));
  program
    .command('actions')
    .description('what is proposed, approved or running')
    .option('--all', 'finished ones too')
    .option('--json', 'one JSON object per line')
    .action((options: JsonOption & { readonly all?: boolean }) => perform(options, (settings, out) => actions(settings, out, options)));
}

function addSaying(program: Command, perform: Perform): void {
  const decisions = [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const;
  for (const [name, state] of decisions) {
    program
      .command(name)
      .description(`${name} a pending action, under your login (HOMELAB_LOGIN)`)
      .argument('<action>', 'its id, a prefix that means only one, or `next`')
      .option('--note <text>', 'kept with the decision')
      .option('--json', 'the reply as one JSON object')
      .action((action: string, options: JsonOption & { readonly note?: string }) =>
        perform(options, (settings, out) => decide(settings, out, state, action, options)),
      );
  }
  program
    .command('emit')
    .description('an event from a shell script, on disk before this returns')
    .argument('<type>', 'snake_case, such as backup_completed')
    .option('--message <text>', 'what happened, for a person')
    .option('--severity <severity>', 'info, warning, error or critical')
    .option('--service <name>', 'without it the event is about the machine')
    .option('--correlation <id>', 'ties events together')
    .option('--payload <json>', 'a JSON object')
    .option('--json', 'one JSON object')
    .action((type: string, options: JsonOption & EmitOptions) => perform(options, (settings, out) => emit(settings, out, type, options)));
}
