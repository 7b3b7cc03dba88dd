/** Ports of Compose files: both forms of Compose as the ports of the machine they take. Pure. Source: Compose specification, "ports". */
import type { ComposeService } from '../../../contracts/inventory/compose.ts';
import type { ReadFile } from '../tree.ts';
import type { EnvLine } from './variables.ts';
import { withVariables } from './variables.ts';
import type { PlacedContainer } from './view.ts';

export interface PublishedPort {
  readonly host: number;
  readonly container: number;
  readonly protocol: string;
  /** `0.0.0.0`: every address of the machine. */
  readonly address: string;
}

export interface PortItem {
  readonly file: ReadFile<unknown>;
  readonly path: readonly PropertyKey[];
  /** Empty: the engine chooses a port of the machine. */
  readonly published: readonly PublishedPort[] | 'not-a-port' | 'unset-variable';
}

type Given = NonNullable<ComposeService['ports']>[number];

/** A range of Compose is written by a person; a longer one is a mistake, and this keeps it from filling the memory. */
const rangeMax = 1000;
const portMax = 65_535;
const anyAddress = '0.0.0.0';

/** The items of a container's `ports` in both of its files: docker-compose joins the lists. */
export function portItems(container: PlacedContainer, env: readonly EnvLine[]): readonly PortItem[] {
  return [container.base, container.override].flatMap((file) => {
    if (file === null) return [];
    const isReset = file === container.base && container.compose.ports === undefined;
    const ports = isReset ? [] : (file.value.services?.[container.name]?.ports ?? []);
    return ports.flatMap((given, index): PortItem[] => {
      const path = ['services', container.name, 'ports', index];
      const text = typeof given === 'string' ? withVariables(given, env) : null;
      if (typeof given === 'string' && text === null) return [{ file, path, published: 'unset-variable' }];
      return [{ file, path, published: (text === null ? longPorts(given) : shortPorts(text)) ?? 'not-a-port' }];
    });
  });
}

/** `[address:][host:]container[/protocol]`, each a port or a range. */
function shortPorts(given: string): readonly PublishedPort[] | null {
  const match = /^(?:(\[[^\]]+\]|\d+(?:\.\d+){3}):)?(?:(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(\w+))?$/.exec(given.trim());
  if (match === null) return null;
  const container = range(match[3] ?? '');
  if (container === null) return null;
  if (match[2] === undefined) return [];
  const host = range(match[2]);
  if (host === null || (host.length !== container.length && container.length !== 1)) return null;
  const [protocol, address] = [match[4] ?? 'tcp', match[1] ?? anyAddress];
  return host.map((port, index) => ({ host: port, container: container[index] ?? container[0] ?? port, protocol, address }));
}

function longPorts(given: Given): readonly PublishedPort[] | null {
  if (typeof given === 'number') return given >= 1 && given <= portMax ? [] : null;
  if (typeof given === 'string') return null;
  const { target, published, protocol, host_ip: address } = given;
  const container = range(target);
  if (container === null) return null;
  if (published === undefined) return [];
  const host = range(published);
  if (host === null) return null;
  return host.map((port, index) => ({
    host: port,
    container: container[index] ?? container[0] ?? port,
    protocol: typeof protocol === 'string' ? protocol : 'tcp',
    address: typeof address === 'string' ? address : anyAddress,
  }));
}

/** `8080` or `8080-8090`; null: none. */
function range(given: unknown): readonly number[] | null {
  const match = typeof given === 'string' || typeof given === 'number' ? /^(\d+)(?:-(\d+))?$/.exec(`${given}`) : null;
  if (match === null) return null;
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  if (first < 1 || last > portMax || last < first || last - first >= rangeMax) return null;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** What an item surely takes. */
export const portsOf = ({ published }: PortItem): readonly PublishedPort[] => (typeof published === 'string' ? [] : published);

/** Whether both can be listened on at once. `0.0.0.0` and `[::]` take every address. */
export const collide = (a: PublishedPort, b: PublishedPort): boolean =>
  a.host === b.host && a.protocol === b.protocol && (a.address === b.address || isAny(a.address) || isAny(b.address));

export const isAny = (address: string): boolean => address === anyAddress || address === '[::]' || address === '::';

export const shownPort = ({ host, protocol }: Pick<PublishedPort, 'host' | 'protocol'>): string => `${host}/${protocol}`;
