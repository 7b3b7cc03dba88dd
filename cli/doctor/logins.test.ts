/** What `homelab doctor` says about logins. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLogins } from '../../adapters/logins/logins-file.ts';
import { cheapHash } from '../../test/kit/operator-web.ts';
import { readSettings } from '../settings.ts';
import { checkLogins, type LoginsSeen, readLoginsSeen } from './logins.ts';

const nobody: LoginsSeen = { file: 'logins.yaml', isFileThere: false, problem: null, people: [], atBrokers: [], roles: null, httpHost: '127.0.0.1' };
const anna = { isFileThere: true, people: ['anna'], atBrokers: ['anna', 'executor-piha'] };

describe('the check of logins', () => {
  it.each<[string, Partial<LoginsSeen>, string, RegExp, string | null]>([
    ['nobody has one', {}, 'ok', /ask nobody/, null],
    ['nobody has one and the page should listen to the network', { httpHost: '0.0.0.0' }, 'warning', /until somebody has one/, "homelab creds add '<login>'"],
    ['only programs have one', { httpHost: '0.0.0.0', atBrokers: ['executor-piha'] }, 'warning', /until somebody has one/, "homelab creds add '<login>'"],
    ['nobody has one but people are named', { roles: { anna: 'operator' } }, 'warning', /believes whoever/, 'homelab creds add anna'],
    ['the last one was revoked', { isFileThere: true }, 'warning', /let nobody in/, "homelab creds add '<login>'"],
    ['the file is broken', { problem: 'logins.yaml:2: not YAML' }, 'error', /nobody can log in/, 'ls -l logins.yaml'],
    ['somebody has one', { ...anna, httpHost: '0.0.0.0' }, 'ok', /ask everybody/, null],
    ['somebody has one and a role', { ...anna, roles: { anna: 'reader' } }, 'ok', /ask everybody/, null],
    ['somebody has one and no role', { ...anna, roles: { bert: 'reader' } }, 'warning', /let them in nowhere/, 'homelab creds revoke anna'],
  ])('where %s', (_where, seen, level, means, mend) => {
    const finding = checkLogins({ ...nobody, ...seen });
    expect([finding.level, finding.mend?.split('   #')[0] ?? null]).toEqual([level, mend]);
    expect(finding.means).toMatch(means);
  });

  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'doctor-logins-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('looks at the file and at what is in clear', async () => {
    const credentials = join(root, 'credentials.yaml');
    writeFileSync(credentials, 'ledger-vps: secret\n');
    const settings = readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'vps', HOMELAB_CREDENTIALS: credentials });
    writeLogins(settings.loginsFile, new Map([['anna', { scrypt: cheapHash('x'), tokens: [] }]]));
    expect(await readLoginsSeen(settings)).toMatchObject({
      isFileThere: true,
      problem: null,
      people: ['anna'],
      atBrokers: ['anna', 'ledger-vps'],
      roles: null,
    });
    writeFileSync(settings.loginsFile, 'anna: [');
    expect((await readLoginsSeen(settings)).problem).toContain('logins.yaml');
  });
});
