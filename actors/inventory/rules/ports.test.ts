import { describe, expect, it } from 'vitest';
import { container, type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);

/** Open to the mesh, so that a port may be published on every address. */
const meshed = (...names: readonly string[]): string => names.map((name) => `${name}: { exposure: tailscale-internal }\n`).join('');

const published = (name: string, port: string, said?: string): Files => {
  const [host, inside] = port.replace('/udp', '').split(':').slice(-2);
  return service(name, {
    exposure: 'tailscale-internal',
    compose: `services:\n${container(name, `ports:\n  - "${port}"`)}`,
    service: `  ports: [${said ?? `{ container: ${inside}, host: ${host}${port.endsWith('/udp') ? ', protocol: udp' : ''} }`}]\n`,
  });
};
const two = (a: string, b: string): Files => ({ ...oneMachine(meshed('a', 'b')), ...published('a', a), ...published('b', b) });
const clash = ['port-clash services/b/docker-compose.yml:7'];

describe('port-clash', () => {
  it.each([
    ['8080:80', '8080:81', clash],
    ['8080:80', '8081:80', []],
    ['53:53', '53:53/udp', []],
    ['127.0.0.1:8080:80', '8080:80', clash],
    ['127.0.0.1:8080:80', '192.0.2.4:8080:80', []],
  ])('of %s and %s', async (a, b, expected) => {
    expect(await found(two(a, b))).toEqual(expected);
  });

  it('counts a range as all of its ports', async () => {
    const range = service('a', {
      exposure: 'tailscale-internal',
      compose: `services:\n${container('a', 'ports:\n  - "8080-8082:80-82"')}`,
      service: '  ports: [{ container: 80, host: 8080 }, { container: 81, host: 8081 }, { container: 82, host: 8082 }]\n',
    });
    expect(await found({ ...oneMachine(meshed('a', 'b')), ...range, ...published('b', '8082:80') })).toEqual(clash);
  });

  it('counts what service.yaml says of a service on the host network', async () => {
    const onHost = service('a', {
      exposure: 'tailscale-internal',
      compose: `services:\n${container('a', 'network_mode: host')}`,
      service: '  ports: [{ container: 8080, host: 8080 }]\n',
    });
    expect(await found({ ...oneMachine(meshed('a', 'b')), ...onHost, ...published('b', '8080:80') })).toEqual(clash);
  });

  it('is no clash on two machines', async () => {
    const files = two('8080:80', '8080:80');
    const apart = {
      ...files,
      'hosts/alpha/services.yaml': 'agents: [node-agent]\nservices:\n  mosquitto:\n  a: { exposure: tailscale-internal }\n',
      'hosts/beta/services.yaml': 'agents: [node-agent]\nservices:\n  b: { exposure: tailscale-internal }\n',
      'hosts/beta/capabilities.yaml': files['hosts/alpha/capabilities.yaml'] ?? '',
      'inventory/topology.yaml': 'sites:\n  hub:\n    broker: { node: alpha }\nnodes:\n  alpha: { site: hub }\n  beta: { site: hub }\n',
    };
    expect(await found(apart)).toEqual([]);
  });
});

describe('ports-differ', () => {
  const one = (port: string, said: string): Files => ({ ...oneMachine(meshed('a')), ...published('a', port, said) });

  it('names a port that only one of the files has, in the file that has it', async () => {
    expect(await found(one('8080:80', ''))).toEqual(['ports-differ services/a/docker-compose.yml:7']);
    expect(await found(one('8080:80', '{ container: 80, host: 8080 }, { container: 90, host: 90 }'))).toEqual(['ports-differ services/a/service.yaml:6']);
  });

  it('names two ports for one of the container once', async () => {
    expect(await found(one('8080:80', '{ container: 80, host: 8081 }'))).toEqual(['ports-differ services/a/service.yaml:6']);
  });

  it('cannot judge a port that depends on a variable without a value', async () => {
    const files = {
      ...oneMachine(meshed('a')),
      ...service('a', {
        exposure: 'tailscale-internal',
        compose: `services:\n${container('a', 'ports:\n  - "$' + `{PORT}:80"`)}`,
        service: '  ports: [{ container: 80, host: 8080 }]\n',
        env: 'PORT=\n',
      }),
    };
    expect(await found(files)).toEqual([]);
    expect(await found({ ...files, 'services/a/env.example': 'PORT=9090\n' })).toEqual(['ports-differ services/a/service.yaml:6']);
  });
});
