/** Each trap is found where it is written, once, and nothing is found in a configuration that does it right. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { topicRoot } from '../../contracts/defaults.ts';
import { capturedOutput } from '../../test/kit/captured-output.ts';
import { brokerLint } from '../commands/broker-lint.ts';
import { readSettings } from '../settings.ts';
import { lint, traps } from './lint.ts';
import { filtersOverlap } from './overlap.ts';

/** The example of the page, which does everything right. */
const page = readFileSync(fileURLToPath(new URL('../../docs/broker-config.md', import.meta.url)), 'utf8');
const right = /```conf\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
const lineOf = (text: string, words: string): number => text.split('\n').findIndex((line) => line.includes(words)) + 1;

interface Case {
  readonly from: string;
  readonly to: string;
  /** Words of the line that is named, where it is not the one that was written. */
  readonly at?: string;
  readonly trap: string;
}
const replaced = (from: string, to: string, trap: string, at?: string): Case => ({ from, to, trap, ...(at === undefined ? {} : { at }) });
const connection = 'connection uplink';

const cases: readonly Case[] = [
  replaced('topic sensors/# out 1', 'topic sensors/# both 1', 'both'),
  replaced('topic sensors/# out 1', 'topic # out 1', 'bare-wildcard'),
  replaced('topic sensors/# out 1', 'topic # out 1 house/', 'bare-wildcard'),
  replaced('topic sensors/# out 1', 'topic commands/+/set out 1', 'two-ways', 'topic commands/# in'),
  replaced('topic sensors/# out 1', `topic ${topicRoot}/# out 1`, 'raw-requests'),
  replaced('topic sensors/# out 1', `topic actions/# out 1 ${topicRoot}/ ${topicRoot}/`, 'raw-requests'),
  replaced('topic sensors/# out 1', 'topic sensors/#', 'qos-0'),
  replaced('topic sensors/# out 1', 'topic sensors/# out', 'qos-0'),
  replaced('topic sensors/# out 1', 'topic sensors/# out 0', 'qos-0'),
  replaced('topic sensors/# out 1', 'topic sensors/# out 2', 'qos-2'),
  replaced('cleansession false', 'cleansession false # keep the queue', 'inline-comment'),
  replaced('topic sensors/# out 1', 'topic sensors/# out 1 # everything measured', 'inline-comment'),
  replaced('cleansession false', 'cleansession true', 'clean-session'),
  replaced('cleansession false', 'local_cleansession true', 'clean-session'),
  replaced('mqttv311', 'mqttv50', 'protocol-5'),
  replaced('mqttv311', 'mqttv50\nbridge_session_expiry_interval 604800', 'newer-option', 'bridge_session_expiry_interval'),
  replaced('keepalive_interval 30', 'bridge_tcp_keepalive 30 10 3', 'newer-option'),
  replaced('try_private true', 'try_private false', 'try-private'),
  replaced('notifications_local_only true\n', '', 'notifications-remote', connection),
  replaced('notifications_local_only true', 'notification_topic $SYS/broker/connection/edge/state', 'notifications-remote'),
  replaced('notifications_local_only true', 'notifications false', 'notifications-off'),
  replaced('remote_clientid bridge-edge\n', '', 'client-id-default', connection),
  replaced(
    'topic commands/#',
    'connection again\nremote_clientid bridge-edge\nnotifications_local_only true\ntopic commands/#',
    'client-id-shared',
    'connection again',
  ),
  replaced('start_type automatic', 'start_type lazy', 'start-type'),
  replaced('restart_timeout 5 60', 'restart_timeout 20', 'restart-constant'),
  replaced('keepalive_interval 30', 'keepalive_interval 300', 'keepalive-long'),
  replaced('try_private true', 'bridge_outgoing_retain false', 'outgoing-retain'),
  replaced('try_private true', 'bridge_attempt_unsubscribe false', 'no-unsubscribe'),
  replaced('persistence true\n', '', 'persistence-off', connection),
  replaced('persistence true', 'persistence false', 'persistence-off', 'persistence false'),
  replaced('autosave_interval 1\nautosave_on_changes true\n', '', 'autosave-default', connection),
  replaced('autosave_interval 1\n', '', 'autosave-default', connection),
  replaced('autosave_interval 1\nautosave_on_changes true', 'autosave_interval 300', 'autosave-default'),
  replaced('autosave_interval 1', 'autosave_interval 0', 'autosave-default'),
  replaced('autosave_on_changes true\n', '', 'autosave-by-time', 'autosave_interval'),
  replaced('autosave_interval 1', 'autosave_interval 100', 'autosave-many-changes'),
  replaced('max_queued_messages 20000\n', '', 'queue-default', connection),
  replaced('max_queued_messages 20000', 'max_queued_messages 1000', 'queue-default'),
  replaced('max_queued_messages 20000', 'max_queued_messages 0', 'queue-unlimited'),
  replaced('set_tcp_nodelay true', 'set_tcp_nodelay true\nmax_queued_bytes 1048576', 'queue-bytes', 'max_queued_bytes'),
  replaced('set_tcp_nodelay true\n', '', 'no-nodelay', connection),
];

describe('a configuration with a bridge', () => {
  it('that does everything right has no finding', () => {
    expect(lint([{ file: 'bridge.conf', text: right }], topicRoot)).toEqual({ bridges: 1, findings: [] });
  });

  it.each(cases)('$trap: $to', ({ from, to, at, trap }) => {
    expect(right).toContain(from);
    const text = right.replace(from, to);
    const { findings } = lint([{ file: 'bridge.conf', text }], topicRoot);
    expect(findings.map(({ file, line, trap: found }) => `${file}:${line} ${found}`)).toEqual([
      `bridge.conf:${lineOf(text, at ?? to.split('\n')[0]!)} ${trap}`,
    ]);
  });

  it('has a case here for every trap, and each trap says why, and what to write instead', () => {
    expect([...new Set(cases.map(({ trap }) => trap))].sort()).toEqual(traps.map(({ id }) => id).sort());
    for (const { why, instead } of traps) expect([why, instead]).toEqual([expect.stringMatching(/^.{40,}\.$/), expect.stringMatching(/\S/)]);
  });

  it('names the worst line of all, `topic # both`, for each thing that is wrong with it', () => {
    const { findings } = lint([{ file: 'a.conf', text: right.replace('topic sensors/# out 1', 'topic # both') }], topicRoot);
    expect(findings.map(({ trap, severity }) => `${severity} ${trap}`).sort()).toEqual(['error bare-wildcard', 'error both', 'error qos-0']);
  });

  it('is judged over all its files together, in their order', () => {
    const [broker = '', bridge = ''] = right.split('# A comment on a line of its own.');
    expect(
      lint(
        [
          { file: 'b.conf', text: broker },
          { file: 'a.conf', text: bridge },
        ],
        topicRoot,
      ).findings,
    ).toEqual([]);
    const alone = lint([{ file: 'a.conf', text: bridge }], topicRoot).findings;
    expect(alone.map(({ trap }) => trap)).toEqual(['persistence-off', 'queue-default', 'no-nodelay']);
    expect(alone[0]?.what).toBe('persistence is set in none of these files; the default is false');
  });

  it('takes remapped subtrees for what they are at each side', () => {
    const remapped = (out: string, into: string): readonly string[] =>
      lint([{ file: 'a', text: right.replace('topic sensors/# out 1', out).replace('topic commands/# in 1 "" ""', into) }], topicRoot).findings.map(
        ({ trap }) => trap,
      );
    expect(remapped('topic # out 1 here/ there/', 'topic # in 1 far/ back/')).toEqual([]);
    expect(remapped('topic # out 1 here/ there/', 'topic # in 1 here/ there/')).toEqual(['two-ways']);
  });

  it('is not one where there is no connection', () => {
    expect(lint([{ file: 'plain.conf', text: 'listener 1883\nallow_anonymous true\n' }], topicRoot)).toEqual({ bridges: 0, findings: [] });
  });
});

it.each([
  ['a/b', 'a/b', true],
  ['a/b', 'a/c', false],
  ['a/+/c', 'a/b/+', true],
  ['a/+', 'a/b/c', false],
  ['a/#', 'a', true],
  ['#', 'a/b', true],
  ['#', '$SYS/x', false],
  ['+/b', 'a/#', true],
])('filters %s and %s overlap: %s', (a, b, expected) => {
  expect([filtersOverlap(a, b), filtersOverlap(b, a)]).toEqual([expected, expected]);
});

describe('homelab broker lint', () => {
  const run = async (
    files: Readonly<Record<string, string>>,
    names: readonly string[],
    json = false,
  ): Promise<{ readonly code: number; readonly out: ReturnType<typeof capturedOutput> }> => {
    const directory = mkdtempSync(join(tmpdir(), 'broker-lint-'));
    try {
      mkdirSync(join(directory, 'conf.d'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text.replaceAll('HERE', directory));
      const out = capturedOutput({ json });
      const code = await brokerLint(
        readSettings({ NODE_NAME: 'lab' }),
        out,
        names.map((name) => join(directory, name)),
      );
      return { code, out };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };

  it('ends with 0 without an error, also with warnings, and with 1 for an error, with file and line, the reason and what to write', async () => {
    expect((await run({ 'a.conf': right }, ['a.conf'])).code).toBe(0);
    const warned = await run({ 'a.conf': right.replace('start_type automatic', 'notifications false') }, ['a.conf']);
    expect([warned.code, warned.out.text]).toEqual([0, expect.stringMatching(/no errors, 1 warning; 1 bridge in 1 file$/)]);
    const wrong = await run({ 'a.conf': right.replace('cleansession false', 'cleansession true') }, ['a.conf']);
    expect(wrong.code).toBe(1);
    expect(wrong.out.text).toMatch(
      /a\.conf:13 {2}error {2}cleansession true {2}\(clean-session\)\n {4}Nothing is queued .*\n {4}Write: cleansession false\n1 error, no warnings/,
    );
  });

  it('reads what include_dir names, as mosquitto does', async () => {
    const [broker = '', bridge = ''] = right.split('# A comment');
    const files = { 'mosquitto.conf': `${broker}\ninclude_dir HERE/conf.d\n`, 'conf.d/bridge.conf': `#${bridge}`, 'conf.d/notes.txt': 'cleansession true\n' };
    expect((await run(files, ['mosquitto.conf'], true)).out.values).toEqual([{ status: 'valid', errors: 0, warnings: 0, bridges: 1, files: 2 }]);
  });

  it('says so where there is nothing to judge, or nothing to read', async () => {
    const none = await run({ 'a.conf': 'listener 1883\n' }, ['a.conf']);
    expect([none.code, none.out.text]).toEqual([0, 'no `connection` in these files: there is no bridge to judge']);
    await expect(run({}, ['gone.conf'])).rejects.toThrow(/gone\.conf: expected a configuration of mosquitto/);
    await expect(run({ 'a.conf': 'include_dir /nowhere/at/all\n' }, ['a.conf'])).rejects.toThrow(
      /a\.conf:1: include_dir \/nowhere\/at\/all cannot be read here/,
    );
  });
});
