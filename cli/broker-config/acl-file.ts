/**
 * The access list of a site's broker in the form of mosquitto 2.0. Pure.
 *
 * A line for each login and filter instead of patterns: a `pattern` holds for every login of the password file, so a reader could
 * ask for something, and a program of others would read everything (mosquitto.conf(5), acl_file).
 */
import type { Access } from '../../contracts/access-rules.ts';
import { generatedBy } from './header.ts';
import type { SiteBroker } from './site-broker.ts';

export function aclFile(broker: SiteBroker): string {
  const { anonymous, anybodyElse } = broker;
  const blocks = [
    [
      ...generatedBy(broker),
      `# Who may read and write what at the broker of ${broker.site}; the topics: docs/topics.md. What no line allows is refused, and in MQTT 3.1.1`,
      '# without a word: a refused publish is acknowledged, a refused subscription stays silent.',
      '# No line can forbid the retain flag (mosquitto issue 87): the ledger may write where requests are, to clear what was kept there.',
    ],
    // Before the first `user` line: for those without a login only.
    ...(anonymous === null ? [] : [['# Whoever is on this machine, without a login.', ...lines('topic', anonymous)]]),
    ...broker.logins.map(({ login, who, access }) => [`# ${who}`, `user ${login}`, ...lines('topic', access)]),
    ...(anybodyElse === null
      ? []
      : [['# There is no inventory/access.yaml: every other login is an operator. %u stands for it.', ...lines('pattern', anybodyElse)]]),
  ];
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

const lines = (keyword: 'topic' | 'pattern', { reads, writes }: Access): readonly string[] => [
  ...reads.map((filter) => `${keyword} read ${filter}`),
  ...writes.map((filter) => `${keyword} write ${filter}`),
];
