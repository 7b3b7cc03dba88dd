/** The ports that a placed service takes on its machine. Pure. */
import { portItems, portsOf as published } from '../../actors/inventory/rules/compose-ports.ts';
import { envLines } from '../../actors/inventory/rules/variables.ts';
import { type Placement, usesHostNetwork } from '../../actors/inventory/rules/view.ts';
import { contentOf } from '../../actors/inventory/tree.ts';

/** `80`, `53/udp`, `127.0.0.1:9100`: what its Compose files publish, and what service.yaml says it listens on with the host network. */
export function portsOf({ files, containers }: Placement): readonly string[] {
  const env = envLines(files?.envExample ?? null);
  const mapped = containers.flatMap((container) => portItems(container, env).flatMap(published));
  const fromCompose = mapped.map(({ host, protocol, address }) => portWord(host, protocol, address === '0.0.0.0' ? '' : `${address}:`));
  const onHost = containers.length === 0 || containers.some(usesHostNetwork);
  const listed = onHost ? (contentOf(files?.service ?? 'absent')?.service.ports ?? []) : [];
  return [...new Set([...fromCompose, ...listed.map(({ host, protocol }) => portWord(host, protocol, ''))])];
}

const portWord = (port: number, protocol: string, address: string): string => `${address}${port}${protocol === 'tcp' ? '' : `/${protocol}`}`;
