/** Rules about zigbee2mqtt: how it reaches its broker and its coordinator, and where it may write. */
import { keyValues } from '../containers.ts';
import type { DeclaredTree, TextFile } from '../tree.ts';
import { type Fault, placeInText, type Rule } from './rule.ts';
import { envLines, withVariables } from './variables.ts';
import { inCompose, inEnvironment, type PlacedContainer, viewOf } from './view.ts';

const dataDirectory = '/app/data';
/** zigbee2mqtt 1.35 called its driver for these chips `ezsp`; `ember` replaced it. */
const adapter = 'ember';
const usbPath = /\/dev\/(tty|serial)/;

const zigbees = (tree: DeclaredTree): readonly PlacedContainer[] =>
  viewOf(tree).containers.filter(
    ({ service, name, compose }) => /(^|\/)zigbee2mqtt(:|@|$)/.test(compose.image ?? '') || (service === 'zigbee2mqtt' && name === service),
  );

const network: Rule = {
  id: 'zigbee2mqtt-network',
  severity: 'error',
  finds: 'a zigbee2mqtt that is not on a bridge network',
  why: 'its page is published as a port, which the host network does not do',
  *find(tree) {
    for (const container of zigbees(tree)) {
      const mode = container.compose.network_mode;
      if (mode !== undefined && mode !== 'bridge') yield inCompose(container, ['network_mode'], `network_mode is ${mode}; expected a bridge network`);
    }
  },
};

const broker: Rule = {
  id: 'zigbee2mqtt-broker',
  severity: 'error',
  finds: 'a zigbee2mqtt without the extra host mosquitto:host-gateway',
  why: 'from a bridge it could not reach the broker on the host network',
  *find(tree) {
    for (const container of zigbees(tree)) {
      const hosts = container.compose.extra_hosts ?? [];
      const lines = Array.isArray(hosts) ? hosts : Object.entries(hosts).map(([name, address]) => `${name}:${String(address)}`);
      if (!lines.some((line) => /^mosquitto[:=]host-gateway$/.test(line))) {
        yield inCompose(container, ['extra_hosts'], 'the broker cannot be found; expected extra_hosts: ["mosquitto:host-gateway"]');
      }
    }
  },
};

interface Mount {
  readonly target: string;
  readonly readOnly: boolean;
  readonly path: readonly PropertyKey[];
  readonly file: PlacedContainer['base'];
}

/** Both files; where both mount the same path the override's counts. */
function mounts({ base, override, name }: PlacedContainer): readonly Mount[] {
  const all = [override, base].flatMap((file) =>
    (file?.value.services?.[name]?.volumes ?? []).map((given, index): Mount => {
      const path = ['services', name, 'volumes', index];
      if (typeof given !== 'string') return { target: given.target ?? '', readOnly: given.read_only === true, path, file };
      const parts = given.replaceAll(/\$\{[^}]*\}/g, '').split(':');
      return { target: parts[1] ?? parts[0] ?? '', readOnly: /(^|,)ro(,|$)/.test(parts[2] ?? ''), path, file };
    }),
  );
  return all.filter(({ target }, index) => all.findIndex((other) => other.target === target) === index);
}

const data: Rule = {
  id: 'zigbee2mqtt-data',
  severity: 'error',
  finds: `a zigbee2mqtt without a writable ${dataDirectory}, or with its configuration mounted read-only`,
  why: 'it rewrites its configuration at every start, and ended with EROFS',
  *find(tree) {
    for (const container of zigbees(tree)) {
      const found = mounts(container);
      if (!found.some(({ target }) => target === dataDirectory)) {
        yield inCompose(container, ['volumes'], `nothing is mounted at ${dataDirectory}; its configuration and network key would be lost`);
      }
      for (const { target, readOnly, path, file } of found) {
        if (!readOnly || file === null || (target !== dataDirectory && !target.startsWith(`${dataDirectory}/`))) continue;
        yield { file: file.path, place: file.placeOf(path), detail: `${target} is read-only; it writes its configuration there` };
      }
    }
  },
};

const coordinator: Rule = {
  id: 'zigbee2mqtt-coordinator',
  severity: 'error',
  finds: `a coordinator that is not at a tcp:// address with the adapter ${adapter}`,
  why: 'the coordinator is in the network, not in a USB port; with `ezsp` it stopped to answer',
  *find(tree) {
    for (const container of zigbees(tree)) {
      const env = envLines(tree.services.get(container.service)?.envExample ?? null);
      const unset: string[] = [];
      for (const [key, variable, isRight, expected] of settings) {
        const given = keyValues(container.compose.environment)[variable];
        if (given === undefined) {
          if (!isInConfiguration(tree, container.service, key, isRight)) unset.push(`${variable}=${expected}`);
          continue;
        }
        const value = withVariables(given ?? '', env);
        // Without env.example there is a finding already.
        if (value === null && tree.services.get(container.service)?.envExample === null) continue;
        // A USB path is named by the rule below.
        if (value !== null && (isRight(value) || usbPath.test(value))) continue;
        yield inEnvironment(container, variable, `${variable} is ${JSON.stringify(value ?? given)}; expected ${expected}`);
      }
      if (unset.length > 0) yield inCompose(container, ['environment'], `the coordinator is not said; expected ${unset.join(' and ')}`);
    }
  },
};

const settings = [
  ['port', 'ZIGBEE2MQTT_CONFIG_SERIAL_PORT', (value: string) => /^tcp:\/\/[^\s:]+:\d+$/.test(value), 'tcp://<host>:<port>'],
  ['adapter', 'ZIGBEE2MQTT_CONFIG_SERIAL_ADAPTER', (value: string) => value === adapter, adapter],
] as const;

/** In a configuration.yaml of the service, under `serial`. */
function isInConfiguration(tree: DeclaredTree, service: string, key: string, isRight: (value: string) => boolean): boolean {
  const others = tree.services.get(service)?.others ?? [];
  return others.some(({ path, text }) => {
    if (!/configuration[^/]*\.ya?ml/.test(path)) return false;
    const value = new RegExp(`^serial:\\n(?:[ ]+.*\\n|\\s*#.*\\n)*?[ ]+${key}:[ ]*["']?([^"'#\\n]*)`, 'm').exec(text)?.[1]?.trim();
    return value !== undefined && isRight(value);
  });
}

const usb: Rule = {
  id: 'zigbee2mqtt-usb',
  severity: 'error',
  finds: 'a path of a USB device in anything that zigbee2mqtt reads',
  why: 'old notes said /dev/ttyUSB0; whoever follows them takes the Zigbee network down',
  *find(tree) {
    for (const service of new Set(zigbees(tree).map((container) => container.service))) {
      const files = tree.services.get(service);
      const overrides = [...tree.hosts.values()].map((host) => host.overrides.get(service));
      const texts = [files?.compose, ...overrides].flatMap((file) => (file === undefined || typeof file === 'string' ? [] : [file]));
      const plain = [files?.envExample ?? null, ...(files?.others ?? [])].filter((file): file is TextFile => file !== null);
      for (const file of [...texts, ...plain]) yield* usbPaths(file);
    }
  },
};

/** One for each line that is not a comment. */
function* usbPaths({ path, text }: { readonly path: string; readonly text: string }): Iterable<Fault> {
  if (path.endsWith('.md')) return;
  for (const match of text.matchAll(/^[^#\n]*?(\/dev\/(?:tty|serial)[\w/.-]*)/gm)) {
    const offset = match.index + match[0].length - (match[1] ?? '').length;
    yield { file: path, place: placeInText(text, offset), detail: `${match[1]} is a device of this machine; the coordinator is reached over tcp://` };
  }
}

export const zigbee2mqttRules: readonly Rule[] = [network, broker, data, coordinator, usb];
