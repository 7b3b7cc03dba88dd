/** Which addresses of a broker a container may be given: what its doors are, from its own machine and from another one. */
import { expect, it } from 'vitest';
import { container, type Files, findingsIn, oneMachine, service } from '../../../test/kit/declared-files.ts';

interface Given {
  /** Of the broker on alpha. */
  readonly broker?: string;
  /** Lines of the container's environment. */
  readonly environment: string;
  /** alpha has the broker. */
  readonly node?: 'alpha' | 'beta';
  readonly more?: string;
}

async function found({ broker = '', environment, node = 'beta', more = '' }: Given): Promise<readonly string[]> {
  const one = oneMachine(node === 'alpha' ? 'app:\n' : '');
  const files: Files = {
    ...one,
    'inventory/topology.yaml': `sites:\n  hub: { broker: { node: alpha${broker} } }\nnodes:\n  alpha: { site: hub, aliases: [first] }\n  beta: { site: hub }\n`,
    'inventory/access.yaml': 'logins: { anna: operator }\n',
    'hosts/beta/capabilities.yaml': one['hosts/alpha/capabilities.yaml'] ?? '',
    'hosts/beta/services.yaml': `agents: [node-agent]\nservices: ${node === 'beta' ? '\n  app:\n' : '{}\n'}`,
    ...service('app', { compose: `services:\n${container('app', `${more}environment:\n${environment}`)}` }),
  };
  return (await findingsIn(files)).filter(({ rule }) => rule.startsWith('broker-')).map(({ rule, detail }) => `${rule}: ${detail}`);
}

const to = (url: string): string => `  HOMELAB_BROKER_URL: ${url}\n  HOMELAB_BROKER_CA: /secret/ca.pem`;
const both = ', listen: [everywhere], tls: { names: [alpha] }';
const tlsOnly = ', listen: [], tls: { names: [alpha, alpha.example.org] }';

it.each<[string, Given]>([
  ['in clear where the broker listens to the network', { broker: both, environment: to('mqtt://alpha:1883') }],
  ['with TLS at its own port, by each of its names', { broker: tlsOnly, environment: to('mqtts://alpha, mqtts://alpha.example.org:8883') }],
  ['as a list of NAME=value', { broker: tlsOnly, environment: '  - HOMELAB_BROKER_URL=mqtts://alpha\n  - HOMELAB_BROKER_CA=/secret/ca.pem' }],
  ['at the standby', { broker: ', standby_port: 1884', environment: to('mqtt://alpha:1884') }],
  ['at the standby with TLS', { broker: ', listen: [], tls: { names: [alpha], standby_port: 8884 }', environment: to('mqtts://alpha:8884') }],
  ['on its own machine, through loopback', { node: 'alpha', more: 'network_mode: host\n', environment: to('mqtt://127.0.0.1:1883') }],
  ['of a host that nobody declared', { environment: to('mqtt://192.0.2.9:1999') }],
  ['that is a variable without a value', { environment: to(`\${URL}`) }],
])('takes an address %s', async (_, given) => {
  expect(await found(given)).toEqual([]);
});

it.each<[string, Given, RegExp]>([
  [
    'in clear where there is only TLS',
    { broker: tlsOnly, environment: to('mqtt://alpha:1883') },
    /^broker-url: .*mqtt:\/\/ at port 1883 .* expected mqtts:\/\/…:8883$/,
  ],
  ['in clear at the port with TLS', { broker: both, environment: to('mqtt://alpha:8883') }, /^broker-url: .*expected mqtt:\/\/…:1883 or mqtts:\/\/…:8883$/],
  [
    'at a standby with one port for both',
    { broker: ', standby_port: 1884, tls: { names: [alpha], standby_port: 1884 }', environment: to('mqtt://alpha:1884') },
    /^broker-port: 1884 is the port of the standby already; expected another one for the standby with TLS/,
  ],
  [
    'at a standby with the port of the broker',
    { broker: ', standby_port: 8883, tls: { names: [alpha] }', environment: to('mqtt://alpha:8883') },
    /^broker-port: 8883 is the port of mqtts:\/\/ already/,
  ],
  ['in clear at the standby with TLS', { broker: ', listen: [], tls: { standby_port: 8884 }', environment: to('mqtt://alpha:8884') }, /^broker-url: /],
  [
    'of the standby by a name that its certificate does not have',
    { broker: ', listen: [], tls: { names: [alpha], standby_port: 8884 }', environment: to('mqtts://first:8884') },
    /^broker-url: .*is for alpha, not for first/,
  ],
  ['with TLS where there is none', { broker: ', listen: [everywhere]', environment: to('mqtts://first') }, /^broker-url: .*mqtts:\/\/ at port 8883/],
  [
    'from another machine, where it listens to its own',
    { environment: to('mqtt://first:1883') },
    /^broker-url: .*expected none: it listens to its own machine only/,
  ],
  ['by a name that its certificate does not have', { broker: both, environment: to('mqtts://first') }, /^broker-url: .*is for alpha, not for first/],
  ['with TLS and no authority', { broker: both, environment: '  HOMELAB_BROKER_URL: mqtts://alpha' }, /^broker-authority: .*expected the path of ca\.pem/],
  ['of the hub for its bridge, in a list', { broker: both, environment: '  - HOMELAB_UPSTREAM_URL=mqtt://alpha:8883' }, /^broker-url: HOMELAB_UPSTREAM_URL: /],
])('refuses an address %s', async (_, given, words) => {
  expect(await found(given)).toEqual([expect.stringMatching(words)]);
});

it.each([
  [', tls: { certificate: mine.pem }', /expected both, `certificate` and `key`/],
  [', listen: []', /nobody could connect/],
  [', listen: [], websocket_port: 9001, tls: {}', /`tls.websocket_port` instead/],
])('has no broker with %s', async (broker, words) => {
  const files = oneMachine('');
  const topology = (files['inventory/topology.yaml'] ?? '').replace('node: alpha', `node: alpha${broker}`);
  const findings = await findingsIn({ ...files, 'inventory/topology.yaml': topology });
  expect(findings.filter(({ file }) => file === 'inventory/topology.yaml')).toMatchObject([{ rule: 'contract', detail: expect.stringMatching(words) }]);
});
