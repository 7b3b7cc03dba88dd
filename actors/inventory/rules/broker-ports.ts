/** Rule about the ports of brokers: what the topology tells every actor to talk to, against what the broker's service listens on. */
import { doorsOf } from '../../../contracts/inventory/broker.ts';
import { contentOf, type DeclaredTree } from '../tree.ts';
import { portItems, portsOf } from './compose-ports.ts';
import { at, type Rule } from './rule.ts';
import { envLines } from './variables.ts';
import { placementOf } from './view.ts';

const brokerPort: Rule = {
  id: 'broker-port',
  severity: 'error',
  finds: "a broker's port that its service does not listen on, or one that the broker has twice, for its standby too",
  why: 'every actor of the site would knock at a closed port, the broker would not start, and a standby could never open its own',
  *find(tree) {
    if (typeof tree.topology === 'string') return;
    for (const [site, { broker }] of Object.entries(tree.topology.value.sites)) {
      const { node, service, standby_port: standby, tls } = broker;
      const said = tcpPorts(tree, node, service);
      const taken = new Map<number, string>();
      for (const { scheme, port, path } of doorsOf(broker)) {
        const place = ['sites', site, 'broker', ...path];
        const holder = taken.get(port);
        taken.set(port, holder ?? `${scheme}://`);
        if (holder !== undefined) yield at(tree.topology, place, `${port} is the port of ${holder} already; expected another one for ${scheme}://`);
        else if (said.length > 0 && !said.includes(port))
          yield at(tree.topology, place, `the port is ${port}; ${service} on ${node} listens on ${said.join(', ')}`);
      }
      for (const [port, path, what] of [
        [standby, ['standby_port'], 'the standby'],
        [tls?.standby_port, ['tls', 'standby_port'], 'the standby with TLS'],
      ] as const) {
        if (port === undefined) continue;
        const place = ['sites', site, 'broker', ...path];
        const holder = taken.get(port);
        taken.set(port, what);
        if (holder !== undefined) yield at(tree.topology, place, `${port} is the port of ${holder} already; expected another one for ${what}`);
      }
    }
  },
};
/** Ports of the machine that the service takes, by service.yaml and by its containers; empty: that is not known. */
function tcpPorts(tree: DeclaredTree, node: string, name: string): readonly number[] {
  const placement = placementOf(tree, node, name);
  const about = typeof placement === 'string' ? null : contentOf(placement.files?.service ?? 'absent');
  if (typeof placement === 'string' || placement.isUnclear || about === null) return [];
  const env = envLines(placement.files?.envExample ?? null);
  const items = placement.containers.flatMap((container) => portItems(container, env));
  if (items.some(({ published }) => published === 'unset-variable')) return [];
  const ports = [...about.service.ports, ...items.flatMap(portsOf)].filter(({ protocol }) => protocol === 'tcp');
  return [...new Set(ports.map(({ host }) => host))];
}

export const brokerPortRules: readonly Rule[] = [brokerPort];
