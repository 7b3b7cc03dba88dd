/**
 * The `homelab` command: which commands there are, and what their failures look like.
 *
 * Each command is imported when it is asked for: `run node-agent` never evaluates the broker, the demo or the doctor.
 */
import { Command, CommanderError } from 'commander';
import { type BrokerCommandOptions, brokerOptions } from './broker-options.ts';
import type { BrokerConfigOptions } from './commands/broker-config.ts';
import type { EmitOptions } from './commands/emit.ts';
import type { HistoryOptions } from './commands/history.ts';
import type { UpOptions } from './commands/up.ts';
import type { ValidateOptions } from './commands/validate.ts';
import { actorNames } from './compose.ts';
import { addCreds } from './creds/program.ts';
import { deedsHelp } from './demo/deeds.ts';
import { exitCodes, type Output, output } from './output.ts';
import { UnavailableError } from './session.ts';
import { readSettings, type Settings, UsageError } from './settings.ts';
import { version } from './version.ts';

export interface JsonOption {
  readonly json?: boolean;
}
/** Performs one command with what it needs, and keeps its exit code. */
export type Perform = (options: JsonOption, command: (settings: Settings, out: Output) => Promise<number>) => Promise<void>;

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
  const program = new Command('homelab')
    .description(description)
    .version(version)
    .exitOverride()
    .showHelpAfterError('homelab --help lists the commands, homelab <command> --help its options')
    .addHelpText('after', afterHelp);
  addRunning(program, perform);
  addAsking(program, perform);
  addSaying(program, perform);
  addDeclaring(program, perform);
  addCreds(program, perform);
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
  const upCommand = program
    .command('up')
    .description('run every actor for this machine, on a broker of its own unless HOMELAB_BROKER_URL names one')
    .option('--demo', 'a simulated homelab instead of this machine: no container engine is needed or touched');
  listening(upCommand).action((options: JsonOption & UpOptions) =>
    perform(options, async (settings) => (await import('./commands/up.ts')).up(settings, options)),
  );
  program
    .command('demo')
    .description('break and heal things in the simulated homelab that `up --demo` runs')
    .argument('[deed]', 'what to do; see below', 'list')
    .argument('[node]')
    .argument('[service]')
    .option('--json', 'the answer as one JSON object')
    .addHelpText('after', deedsHelp)
    .action((deed: string, node: string | undefined, service: string | undefined, options: JsonOption) =>
      perform(options, async (settings, out) => (await import('./commands/demo.ts')).demo(settings, out, { deed, node, service })),
    );
  addBroker(program, perform);
  program
    .command('run')
    .description('run some actors in a process of their own')
    .argument('<actor...>', actorNames.join(', '))
    .action((names: string[], options: JsonOption) => perform(options, async (settings) => (await import('./commands/run.ts')).run(settings, names)));
  program
    .command('world')
    .description('the stored history')
    .command('rebuild')
    .description('replay the event store into fresh checkpoints; the observer of this data directory must be stopped')
    .option('--dry-run', 'replay and report, write nothing; may run beside the observer')
    .option('--json', 'one JSON object')
    .action((options: JsonOption & { readonly dryRun?: boolean }) =>
      perform(options, async (settings, out) => (await import('./commands/world.ts')).worldRebuild(settings, out, options)),
    );
}

/** The options of a command that runs the built-in broker. */
const listening = (command: Command): Command => brokerOptions.reduce((each, [flags, text]) => each.option(flags, text), command);

function addBroker(program: Command, perform: Perform): void {
  const command = program.command('broker').description('run only the built-in MQTT broker, in the foreground (docs/broker.md)');
  listening(command).action((options: JsonOption & BrokerCommandOptions) =>
    perform(options, async (settings) => (await import('./commands/broker.ts')).broker(settings, options)),
  );
  command
    .command('config')
    .description('configuration, access list and logins for the mosquitto of a site, from the declared homelab (docs/broker-config.md)')
    .argument('<site>', 'as inventory/topology.yaml has it')
    .option('--write <directory>', 'write the files there; only what was generated is written over')
    .option('--file <name>', 'only this one: mosquitto.conf, acl.conf or passwd.template')
    .option('--layout <name>', 'where the files will lie: container, or debian for its package', 'container')
    .option('--json', 'one JSON object with the files')
    .action((site: string, options: JsonOption & BrokerConfigOptions) =>
      perform(options, async (settings, out) => (await import('./commands/broker-config.ts')).brokerConfig(settings, out, site, options)),
    );
  command
    .command('lint')
    .description('traps in mosquitto configurations with bridges that were written by hand (exit code 1 for an error)')
    .argument('<file...>', 'the files of one broker together: what one of them sets counts for all')
    .option('--json', 'one JSON object per finding, then a summary')
    .action((files: string[], options: JsonOption) =>
      perform(options, async (settings, out) => (await import('./commands/broker-lint.ts')).brokerLint(settings, out, files)),
    );
}

function addAsking(program: Command, perform: Perform): void {
  program
    .command('status')
    .description('is anything wrong, since when, and what waits for me (exit code 0 only when nothing is wrong)')
    .option('--json', 'one JSON object')
    .action((options: JsonOption) => perform(options, async (settings, out) => (await import('./commands/status.ts')).status(settings, out)));
  program
    .command('doctor')
    .description('check engine, broker, clock, disk, files and versions; each line says how to mend it; changes nothing')
    .option('--json', 'one JSON object per check')
    .action((options: JsonOption) => perform(options, async (settings, out) => (await import('./commands/doctor.ts')).doctor(settings, out)));
  program
    .command('alive')
    .description('are the actors of this data directory connected and well? (the health check of a container)')
    .option('--json', 'one JSON object')
    .action((options: JsonOption) => perform(options, async (settings, out) => (await import('./commands/alive.ts')).alive(settings, out)));
  program
    .command('watch')
    .description('live events, and every change of an action or incident')
    .option('--json', 'one JSON object per line')
    .action((options: JsonOption) => perform(options, async (settings, out) => (await import('./commands/watch.ts')).watch(settings, out)));
  const actionsCommand = program
    .command('actions')
    .description('what is proposed, approved or running')
    .option('--all', 'finished ones too')
    .option('--json', 'one JSON object per line')
    .action((options: JsonOption & { readonly all?: boolean }) =>
      perform(options, async (settings, out) => (await import('./commands/actions.ts')).actions(settings, out, options)),
    );
  actionsCommand
    .command('history')
    .description('the audit log: who moved what, when, from where, and on what evidence; newest first')
    .argument('[action]', 'only this one: its id, or the beginning of ids')
    .option('--limit <n>', 'rows on a page (30)')
    .option('--before <time>', 'only what is older: a day, or a time in UTC')
    .option('--json', 'one JSON object per row')
    .action((name: string | undefined, _options: object, command: Command) => {
      // --json is an option of the command above as well, which takes it wherever it stands.
      const options: JsonOption & HistoryOptions = command.optsWithGlobals();
      return perform(options, async (settings, out) => (await import('./commands/history.ts')).history(settings, out, name, options));
    });
  program
    .command('why')
    .description('why this is proposed for a service, or nothing (exit code 0 only when nothing is wrong with it)')
    .argument('<node>', 'a node, or <node>/<service>')
    .argument('[service]')
    .option('--json', 'one JSON object per answer')
    .action((node: string, service: string | undefined, options: JsonOption) =>
      perform(options, async (settings, out) => (await import('./commands/why.ts')).why(settings, out, node, service)),
    );
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
        perform(options, async (settings, out) => (await import('./commands/decide.ts')).decide(settings, out, state, action, options)),
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
    .action((type: string, options: JsonOption & EmitOptions) =>
      perform(options, async (settings, out) => (await import('./commands/emit.ts')).emit(settings, out, type, options)),
    );
}

/** The declared homelab. Loaded when asked for: nothing that runs all day needs it. */
function addDeclaring(program: Command, perform: Perform): void {
  program
    .command('validate')
    .description('check the declared homelab: every file against its contract, the rules, and docker-compose itself (docs/inventory.md)')
    .argument('[directory]', 'with inventory/, hosts/ and services/; else HOMELAB_INVENTORY')
    .option('--no-compose', 'leave out docker-compose: under two seconds')
    .option('--watch', 'again after each change, until Ctrl-C')
    .option('--strict', 'a check that cannot be made, because its program is not installed, is an error (for CI)')
    .option('--json', 'one JSON object per finding, then a summary')
    .action((directory: string | undefined, options: JsonOption & ValidateOptions) =>
      perform(options, async (settings, out) => (await import('./commands/validate.ts')).validate(settings, out, directory, options)),
    );
  program
    .command('init')
    .description('propose hosts/<this machine>/ from what runs here, for review in Git; changes no file that is there')
    .option('--print', 'show the proposal, write nothing')
    .option('--json', 'one JSON object')
    .action((options: JsonOption & { readonly print?: boolean }) =>
      perform(options, async (settings, out) => (await import('./commands/init.ts')).init(settings, out, options)),
    );
  program
    .command('explain')
    .description('where a node or service is declared, what it needs, what needs it, and what would happen without it')
    .argument('<name>', 'a node, a service, or <node>/<service>')
    .option('--json', 'one JSON object')
    .action((name: string, options: JsonOption) =>
      perform(options, async (settings, out) => (await import('./commands/explain.ts')).explain(settings, out, name)),
    );
  program
    .command('map')
    .description('memory budget and service map of the declared homelab, as Markdown with Mermaid pictures')
    .argument('[node]', 'only this one')
    .option('--json', 'the memory budgets as one JSON object')
    .action((node: string | undefined, options: JsonOption) =>
      perform(options, async (settings, out) => (await import('./commands/map.ts')).map(settings, out, node)),
    );
}
