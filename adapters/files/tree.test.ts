import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containersOf } from '../../actors/inventory/containers.ts';
import { contentOf, type DeclaredTree, type Finding } from '../../actors/inventory/tree.ts';
import { readTree } from './tree.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tree-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), text);
}
const read = (): Promise<DeclaredTree> => readTree(directory);
const vps = 'hosts/vps/services.yaml';
const compose = 'services/web/docker-compose.yml';
const override = 'hosts/vps/runtime/web/docker-compose.override.yml';

/** `rule file:line:column detail` of each finding. */
async function told(): Promise<readonly string[]> {
  return (await read()).findings.map(({ rule, file, place, detail }: Finding) => `${rule} ${file}:${place?.line ?? '-'}:${place?.column ?? '-'} ${detail}`);
}

describe('reading the declared homelab', () => {
  it('gives every file with its defaults filled in, and the places of its parts', async () => {
    write(vps, 'services:\n  web:\n  db:\n    monitor: false\n');
    write('inventory/topology.yaml', 'sites:\n  hub:\n    broker: {node: vps}\nnodes:\n  vps: {site: hub}\n');
    write(compose, 'services:\n  web:\n    image: web:1\n');
    write('services/web/README.md', '# web\n');
    write('services/web/healthcheck.sh', '#!/bin/sh\n');
    chmodSync(join(directory, 'services/web/healthcheck.sh'), 0o755);
    write('services/web/config/web.conf', 'port 80\n');
    const tree = await read();
    expect(tree.findings).toEqual([]);
    expect(contentOf(tree.topology)?.nodes).toEqual({ vps: { site: 'hub', roles: [], aliases: [] } });
    const host = tree.hosts.get('vps');
    const file = host?.services;
    if (host === undefined || file === undefined || typeof file === 'string') throw new Error('expected a file');
    expect(file.value.services?.['db']).toMatchObject({ monitor: false, exposure: 'local-only', depends_on: { local: [], external: [] } });
    expect(file.placeOf(['services', 'db', 'monitor'])).toEqual({ line: 4, column: 5 });
    expect(file.placeOf(['services', 'db', 'no such key'])).toEqual({ line: 3, column: 3 });
    expect(host).toMatchObject({ capabilities: 'absent', networking: 'absent' });
    expect(tree.services.get('web')).toMatchObject({ service: 'absent', readme: { text: '# web\n' }, envExample: null, healthcheck: { isExecutable: true } });
    expect(tree.services.get('web')?.others).toEqual([{ path: 'services/web/config/web.conf', text: 'port 80\n', isExecutable: false }]);
  });

  it.each([
    ['YAML that does not parse', 'services:\n  web: {monitor: true\n  db: [\n', /^not-yaml \S+:3:3 not YAML: /],
    ['a quote that is not closed, within the file', 'services:\n  web: "x\n\n', /^not-yaml \S+:2:10 .*not closed$/],
    ['a key that is there twice', 'services:\n  web:\n  db:\n  web:\n', /^not-yaml \S+:4:3 not YAML: .*duplicat/],
    ['tabs for indentation', 'services:\n\tweb:\n', /^not-yaml \S+:2:1 /],
    ['a tag, which our own files do not have', 'services:\n  web: !reset {}\n', /^not-yaml \S+:2:\d+ .*tag/],
    ['two documents', 'services:\n---\nservices:\n', /^not-yaml \S+:1:1 2 YAML documents/],
    ['an empty file', '# nothing here\n\n', /^not-yaml \S+:1:1 the file is empty/],
    ['a wrong type', 'services:\n  db:\n  web:\n    role: x\n    monitor: 5\n', /^contract \S+:5:5 services\.web\.monitor: expected boolean, found 5$/],
    ['yes for true, which YAML 1.2 takes for text', 'services:\n  web:\n    monitor: yes\n', /^contract \S+:3:5 .*expected boolean, found "yes"$/],
    [
      'a word that is none',
      'services:\n  web: {exposure: open}\n',
      /^contract \S+:2:9 .*expected one of local-only, tailscale-internal, public, private, found "open"$/,
    ],
    ['a name that cannot stand in a topic', 'services:\n  ok:\n  a/b:\n', /^contract \S+:3:3 services\.a\/b: one topic level/],
    ['a list where names are expected', 'services:\n  - web\n', /^contract \S+:1:1 services: expected record, found a list$/],
    ['a number out of range', 'services:\n  web: {grace_s: -1}\n', /^contract \S+:2:9 services\.web\.grace_s: .*found -1$/],
    ['an item of a list', 'services:\nagents:\n  - node-agent\n  - 7\n', /^contract \S+:4:5 agents\.1: expected string, found 7$/],
    ['a missing key', 'agents: []\n', /^contract \S+:1:1 services: missing; expected record$/],
    ['another kind of file', 'just words\n', /^contract \S+:1:1 the file: expected object, found "just words"$/],
    [
      'a dependency of no form',
      'services:\n  web:\n    depends_on: {external: [mosquitto]}\n',
      /^contract \S+:3:29 .*expected <node>\/<service>, or an address/,
    ],
  ])('says where %s is, and what was expected', async (_what, text, expected) => {
    write(vps, text);
    write('hosts/piha/services.yaml', 'services:\n  dns:\n');
    const found = await told();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
    const { hosts } = await read();
    expect(hosts.get('vps')?.services).toBe('broken');
    expect(contentOf(hosts.get('piha')?.services ?? 'absent')?.services).toHaveProperty('dns');
  });

  it('says everything that is wrong with a file, in its order', async () => {
    write(vps, 'services:\n  web: {monitor: 1, grace_s: x}\n  a/b:\nagent: []\n');
    expect((await told()).map((each) => each.replace(/ [^ ]+$/, '').slice(0, 50))).toEqual([
      expect.stringContaining(`contract ${vps}:2:9 `),
      expect.stringContaining(`contract ${vps}:2:21 `),
      expect.stringContaining(`contract ${vps}:3:3 `),
      expect.stringContaining(`unknown-key ${vps}:4:1 `),
    ]);
  });

  it('names the key that was meant, leaves the unknown one out and reads the rest', async () => {
    write(vps, 'services:\n  web:\n    montior: false\n    depends_on: {locale: [db]}\n    xyzzy: 1\n    grace_s: 5\n');
    expect(await told()).toEqual([
      `unknown-key ${vps}:3:5 services.web.montior: there is no such key; did you mean monitor?`,
      `unknown-key ${vps}:4:18 services.web.depends_on.locale: there is no such key; did you mean local?`,
      expect.stringContaining(`unknown-key ${vps}:5:5 services.web.xyzzy: there is no such key; expected one of role, deployment_model, `),
    ]);
    const content = contentOf((await read()).hosts.get('vps')?.services ?? 'absent');
    expect(content?.services?.['web']).toMatchObject({ monitor: true, grace_s: 5 });
  });
});

describe('a Compose file', () => {
  it('may have tags, anchors and merge keys; the tags come with their places', async () => {
    write(compose, 'x-all: &all\n  restart: always\nservices:\n  web:\n    <<: *all\n    image: web:1\n    ports: ["80:80"]\n    mem_limit: 1g\n');
    write(override, 'services:\n  web:\n    ports: !reset []\n    mem_limit: !override 64m\n    environment:\n      A: !reset null\n');
    write(vps, 'services:\n  web:\n');
    const tree = await read();
    expect(tree.findings).toEqual([]);
    const file = tree.hosts.get('vps')?.overrides.get('web');
    if (file === undefined || typeof file === 'string') throw new Error('expected a file');
    expect(file.tags()).toEqual([
      { tag: '!reset', path: ['services', 'web', 'ports'], place: { line: 3, column: 5 } },
      { tag: '!override', path: ['services', 'web', 'mem_limit'], place: { line: 4, column: 5 } },
      { tag: '!reset', path: ['services', 'web', 'environment', 'A'], place: { line: 6, column: 7 } },
    ]);
    expect(containersOf(tree, 'vps', 'web')[0]?.compose).toMatchObject({ restart: 'always', ports: undefined, mem_limit: '64m' });
  });

  it('keeps what it says that nobody here reads', async () => {
    write(compose, 'services:\n  web: {image: web:1, cap_add: [NET_ADMIN]}\n');
    expect(contentOf((await read()).services.get('web')?.compose ?? 'absent')?.services?.['web']).toMatchObject({ cap_add: ['NET_ADMIN'] });
  });

  it('is refused where aliases of aliases would unfold without end', async () => {
    const lines = Array.from({ length: 40 }, (_, at) => `  a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`);
    write(compose, `x-bomb:\n  a0: &a0 [1]\n${lines.join('\n')}\nservices: {}\n`);
    expect(await told()).toEqual([expect.stringMatching(/^not-yaml \S+:1:1 its aliases unfold/)]);
  });
});

describe('odd things in the directory', () => {
  it('stop nothing', async () => {
    write(vps, 'services:\n');
    write('hosts/README.md', 'hosts');
    write('hosts/.git/services.yaml', '{');
    write('hosts/empty/notes.txt', '');
    mkdirSync(join(directory, 'hosts/piha/services.yaml'), { recursive: true });
    mkdirSync(join(directory, 'services/pipe'), { recursive: true });
    execFileSync('mkfifo', [join(directory, 'services/pipe/service.yaml')]);
    symlinkSync('.', join(directory, 'services/pipe/loop'));
    symlinkSync('service.yaml', join(directory, 'services/self'));
    symlinkSync('nowhere', join(directory, 'inventory'));
    write('hosts/solaria/services.yaml', `services:\n  web:\n#${'x'.repeat(1024 * 1024)}`);
    expect(await told()).toEqual([
      'unreadable hosts/piha/services.yaml:-:- a directory; expected a file',
      expect.stringMatching(/^unreadable hosts\/solaria\/services\.yaml:-:- the file has \d+ bytes; expected at most 1048576$/),
      'unreadable services/pipe/service.yaml:-:- no ordinary file; expected a file',
    ]);
    const tree = await read();
    expect([...tree.hosts.keys()]).toEqual(['piha', 'solaria', 'vps']);
    expect([...tree.services.keys()]).toEqual(['pipe']);
  });

  it('are followed where they are links to files', async () => {
    write('elsewhere.yaml', 'services:\n  web:\n');
    mkdirSync(join(directory, 'hosts/vps'), { recursive: true });
    symlinkSync('../../elsewhere.yaml', join(directory, vps));
    expect(contentOf((await read()).hosts.get('vps')?.services ?? 'absent')?.services).toHaveProperty('web');
  });

  it.each(['VPS', 'site-hub', 'a b', '$x'])('refuses %s as a node name, and says what one is', async (name) => {
    write(`hosts/${name}/services.yaml`, 'services:\n');
    expect(await told()).toEqual([
      expect.stringContaining(`contract hosts/${name}/services.yaml:-:- ${JSON.stringify(name)} cannot be a node's name: lower case`),
    ]);
    expect((await read()).hosts.size).toBe(0);
  });

  it.each(['Web', 'a b', '-x'])('refuses %s as a name of a service', async (name) => {
    write(`services/${name}/service.yaml`, 'service:\n');
    expect(await told()).toEqual([
      expect.stringContaining(`contract services/${name}:-:- ${JSON.stringify(name)} cannot be a service's name; expected a service name`),
    ]);
  });

  it('tells a directory that is missing from one that cannot be looked into', async () => {
    write('services', 'a file');
    const tree = await read();
    expect(tree).toMatchObject({ hostsDirectory: 'absent', servicesDirectory: 'unreadable' });
    expect(tree.findings).toMatchObject([{ rule: 'unreadable', file: 'services', detail: expect.stringContaining('ENOTDIR') }]);
  });
});
