/** The `homelab creds` commands, as the command line declares and describes them. */
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { CredsAddOptions } from '../commands/creds.ts';
import type { CredsActorsOptions } from '../commands/creds-files.ts';
import type { JsonOption, Perform } from '../program.ts';

const json = ['--json', 'one JSON object'] as const;
const write = ['--write <file>', 'write it there (mode 600) instead of showing it'] as const;

export function addCreds(program: Command, perform: Perform): void {
  const creds = program.command('creds').description('logins of brokers and web page, their tokens, and certificates (docs/access.md)');
  addLogins(creds, perform);
  addFiles(creds, perform);
}

function addLogins(creds: Command, perform: Perform): void {
  creds
    .command('add')
    .description('a login with a new password, which is shown once; a password or a token for one that is there')
    .argument('<login>')
    .option('--role <role>', 'operator, delegate or reader: a line in inventory/access.yaml')
    .option('--password-stdin', 'the password is the first line of standard input')
    .option('--token <name>', 'an API token of that name instead of a password')
    .option('--expires <when>', 'of the token: days such as 90d, or a day')
    .option(...json)
    .action((login: string, options: JsonOption & CredsAddOptions) =>
      perform(options, async (settings, out) => (await import('../commands/creds.ts')).credsAdd(settings, out, login, options, () => text(process.stdin))),
    );
  creds
    .command('revoke')
    .description('a login, or one of its tokens: connections end within a second')
    .argument('<login>')
    .option('--token <name>', 'only this token')
    .option(...json)
    .action((login: string, options: JsonOption & { readonly token?: string }) =>
      perform(options, async (settings, out) => (await import('../commands/creds.ts')).credsRevoke(settings, out, login, options)),
    );
  creds
    .command('list')
    .description('who has a login, with which role and tokens')
    .option('--json', 'one JSON object per login')
    .action((options: JsonOption) => perform(options, async (settings, out) => (await import('../commands/creds.ts')).credsList(settings, out)));
}

function addFiles(creds: Command, perform: Perform): void {
  const load = (): Promise<typeof import('../commands/creds-files.ts')> => import('../commands/creds-files.ts');
  creds
    .command('actors')
    .description("random passwords for a node's actors: the file that HOMELAB_CREDENTIALS names there")
    .argument('<node>')
    .option(...write)
    .option('--renew', 'new passwords for those that have one')
    .option(...json)
    .action((node: string, options: JsonOption & CredsActorsOptions) =>
      perform(options, async (settings, out) => (await load()).credsActors(settings, out, node, options)),
    );
  creds
    .command('mosquitto')
    .description("the password file of a site's mosquitto, from the same logins")
    .argument('<site>', 'as inventory/topology.yaml has it')
    .option(...write)
    .option(...json)
    .action((site: string, options: JsonOption & { readonly write?: string }) =>
      perform(options, async (settings, out) => (await load()).credsMosquitto(settings, out, site, options)),
    );
  creds
    .command('ca')
    .description('a certificate authority of your own, made once')
    .option(...json)
    .action((options: JsonOption) => perform(options, async (settings, out) => (await load()).credsCa(settings, out)));
  creds
    .command('certificate')
    .description('a certificate for a broker, signed by it')
    .argument('<host...>', 'names and addresses under which clients reach it')
    .option(...json)
    .action((hosts: string[], options: JsonOption) => perform(options, async (settings, out) => (await load()).credsCertificate(settings, out, hosts)));
}
