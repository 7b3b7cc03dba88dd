import { describe, expect, it } from 'vitest';
import { container, type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const web = (compose: string, env = ''): Files => ({ ...oneMachine('web:\n'), ...service('web', { compose, env }) });
const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);
const image = (name: string): string => `services:\n${container('web', '', name)}`;

describe('image-tag', () => {
  it.each([
    'nginx:1.27',
    'nginx:1.27.3-alpine',
    'registry.example.org:5000/team/nginx:2.0.1',
    'minio/minio:RELEASE.2025-04-22T22-12-26Z',
    'example/nightly:20250422',
    `nginx@sha256:${'0a'.repeat(32)}`,
    'nginx:$' + '{VERSION}',
    'nginx:$' + '{OTHER:-1.27.3}',
  ])('is content with %s', async (name) => {
    expect(await found(web(image(name), 'VERSION=1.27.3\nOTHER=\n'))).toEqual([]);
  });

  it.each([
    ['nginx', 'there is no tag'],
    ['registry.example.org:5000/team/nginx', 'there is no tag'],
    ['nginx:latest', 'the tag latest moves'],
    ['nginx:stable-alpine', 'the tag stable-alpine moves'],
    ['nginx:1', 'bare major'],
    ['nginx:v2', 'bare major'],
    ['postgres:16-alpine', 'bare major'],
    ['nginx:$' + '{EMPTY}', 'no value in env.example'],
  ])('names %s: %s', async (name, words) => {
    const findings = await findingsIn(web(image(name), 'EMPTY=\n'));
    expect(findings.map(shown)).toEqual(['image-tag services/web/docker-compose.yml:3']);
    expect(findings[0]?.detail).toContain(words);
  });

  it('wants a name for an image that is built', async () => {
    const built = image('x:1.0').replace('image: x:1.0', 'build: .');
    expect(await found(web(built))).toEqual(['image-tag services/web/docker-compose.yml:3']);
  });
});

describe('own-image-version', () => {
  it('compares homelab images only, wherever they come from', async () => {
    expect(await found(web(image('registry.example.org/homelab:0.1.0')))).toEqual([]);
    expect(await found(web(image('example/homelab-theme:0.0.9')))).toEqual([]);
    expect(await found(web(image('registry.example.org/homelab:0.0.9')))).toEqual(['own-image-version services/web/docker-compose.yml:3']);
  });

  it('leaves an unpinned one to the rule about tags', async () => {
    expect(await found(web(image('homelab:latest')))).toEqual(['image-tag services/web/docker-compose.yml:3']);
  });
});

describe('names and restart', () => {
  it('takes the parts of a stack, and wants both names alike', async () => {
    const stack = `services:\n${container('web')}${container('web-db')}`;
    expect(await found(web(stack))).toEqual([]);
    expect(await found(web(stack.replace('container_name: web-db\n', 'container_name: db\n')))).toEqual(['container-name services/web/docker-compose.yml:8']);
    expect(await found(web(stack.replace('    container_name: web-db\n', '')))).toEqual(['container-name services/web/docker-compose.yml:6']);
  });

  it('names a container_name that another service has once, as the wrong name it is', async () => {
    const files = { ...oneMachine('web:\nshop:\n'), ...service('shop'), ...service('web', { compose: image('x:1.0').replace('_name: web', '_name: shop') }) };
    expect(await found(files)).toEqual(['container-name services/web/docker-compose.yml:4']);
  });

  it('takes webserver for no part of web', async () => {
    expect(await found(web(`services:\n${container('webserver')}`))).toEqual(['container-key services/web/docker-compose.yml:2']);
  });

  it('sees a policy that only the override breaks, there', async () => {
    const file = 'hosts/alpha/runtime/web/docker-compose.override.yml';
    const files = { ...web(image('x:1.0')), [file]: 'services:\n  web:\n    restart: always\n' };
    expect(await found(files)).toEqual([`restart-policy ${file}:3`]);
  });

  it('names a fault of a file that two nodes share once', async () => {
    const files = {
      ...web(image('nginx')),
      'hosts/beta/services.yaml': 'services:\n  web:\n',
      'hosts/beta/capabilities.yaml': oneMachine()['hosts/alpha/capabilities.yaml'] ?? '',
      'inventory/topology.yaml': 'sites:\n  hub:\n    broker: { node: alpha }\nnodes:\n  alpha: { site: hub }\n  beta: { site: hub }\n',
    };
    expect(await found(files)).toEqual(['image-tag services/web/docker-compose.yml:3']);
  });

  it('looks at services that no node declares too', async () => {
    expect(await found({ ...oneMachine(), ...service('web', { compose: image('nginx') }) })).toEqual(['image-tag services/web/docker-compose.yml:3']);
  });
});

describe('files of a service', () => {
  it('wants no Compose file of what is started otherwise', async () => {
    const { 'services/tv/docker-compose.yml': _, ...rest } = service('tv');
    expect(await found({ ...oneMachine('tv: { deployment_model: systemd }\n'), ...rest })).toEqual([]);
    expect(await found({ ...oneMachine('tv:\n'), ...rest })).toEqual(['missing-file services/tv/docker-compose.yml']);
  });

  it('says nothing of a service whose Compose file is broken but that', async () => {
    expect(await found(web('services:\n  web: [\n'))).toEqual(['not-yaml services/web/docker-compose.yml:2']);
  });
});
