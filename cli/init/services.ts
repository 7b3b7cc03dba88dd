/**
 * Which of the containers that run on a machine are proposed as its services, and what is said of each. Pure.
 *
 * The same that the inventory would adopt: what belongs to a compose project or has a restart policy. Values of variables are never
 * looked at, so that none can get into a file.
 */
import type { PublishedPort, RunningContainer } from '../../adapters/docker/running.ts';
import { composeProjectLabel, groupByService, isServiceContainer } from '../../contracts/canonical-name.ts';
import { HostService } from '../../contracts/inventory/host.ts';
import { DeclaredServiceName } from '../../contracts/inventory/words.ts';
import { roleOf } from './roles.table.ts';

export interface ProposedService {
  readonly name: string;
  /** Compose project; null: started by hand. */
  readonly project: string | null;
  readonly role: string;
  /** Services of this machine that its compose file says it depends on. */
  readonly dependsOn: readonly string[];
  readonly configPath: string | null;
  readonly dataPath: string | null;
  /** For the reviewer, one line: image, ports, restart policy, limits. */
  readonly remark: string;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

export interface Selection {
  /** By project, then as they were created. */
  readonly services: readonly ProposedService[];
  readonly leftOut: readonly LeftOut[];
}

export function selectServices(containers: readonly RunningContainer[]): Selection {
  const groups = [...groupByService(containers)].flatMap(([name, [first]]) => (first === undefined ? [] : [{ name, container: first }]));
  const judged = groups.map(({ name, container }) => ({ name, container, why: whyNot(name, container) }));
  const chosen = judged.filter(({ why }) => why === null);
  const nameOf = new Map(chosen.map(({ name, container }) => [`${projectOf(container) ?? ''}/${composeKey(container)}`, name]));
  const services = chosen.map(({ name, container }) => proposed(name, container, nameOf));
  return {
    services: services.sort((a, b) => (a.project ?? '~').localeCompare(b.project ?? '~', 'en')),
    leftOut: [
      ...judged.flatMap(({ name, why }) => (why === null ? [] : [{ name, why }])),
      ...containers.filter((container) => !isServiceContainer(container)).map(({ name }) => ({ name, why: 'never started, or a one-off of `compose run`' })),
    ],
  };
}

function whyNot(name: string, container: RunningContainer): string | null {
  if (!DeclaredServiceName.safeParse(name).success) return 'a declared service has a name of lower case letters, digits, - _ and .';
  if (projectOf(container) === null && container.restartPolicy === 'no') return 'no compose project and no restart policy: an experiment?';
  if (container.status === 'exited' && container.exitCode === 0 && container.restartPolicy === 'no') return 'a job that has ended well';
  return null;
}

const projectOf = ({ labels }: RunningContainer): string | null => labels[composeProjectLabel] ?? null;
const composeKey = ({ labels, name }: RunningContainer): string => labels['com.docker.compose.service'] ?? name;

function proposed(name: string, container: RunningContainer, nameOf: ReadonlyMap<string, string>): ProposedService {
  const project = projectOf(container);
  return {
    name,
    project,
    role: roleOf(container.image) ?? HostService.shape.role.parse(undefined),
    dependsOn: composeDependencies(container).flatMap((key) => nameOf.get(`${project ?? ''}/${key}`) ?? []),
    configPath: pathBelow(container, '/opt/homelab/config/'),
    dataPath: pathBelow(container, '/opt/homelab/data/'),
    remark: remark(container),
  };
}

/** Compose of the second generation writes `db:service_healthy:false,cache:service_started:true` into this label. */
const composeDependencies = ({ labels }: RunningContainer): readonly string[] =>
  (labels['com.docker.compose.depends_on'] ?? '')
    .split(',')
    .map((each) => each.split(':')[0] ?? '')
    .filter((key) => key !== '');

/** Only where it is the place that this project gives to such files; other mounts are the reviewer's to judge. */
const pathBelow = ({ mountedPaths }: RunningContainer, root: string): string | null =>
  mountedPaths.find((path) => path.startsWith(root) && /^\/[^\s:]*$/.test(path)) ?? null;

function remark(container: RunningContainer): string {
  const { image, ports, networkMode, restartPolicy, memoryLimitBytes, hasHealthcheck, status } = container;
  const parts = [
    image,
    networkMode === 'host' ? 'host network' : portWords(ports),
    restartPolicy === 'unless-stopped' ? '' : `restart: ${restartPolicy}`,
    memoryLimitBytes === null ? 'no memory limit' : `${Math.round(memoryLimitBytes / 1024 ** 2)} MiB`,
    hasHealthcheck ? '' : 'no health check',
    status === 'running' ? '' : `now ${status}`,
  ];
  return oneLine(parts.filter((part) => part !== '').join(', '));
}

function portWords(ports: readonly PublishedPort[]): string {
  const words = ports.map(({ host, container, protocol, address }) => {
    const from = ['', '0.0.0.0', '::'].includes(address) ? '' : `${address}:`;
    return `${from}${host}${host === container ? '' : `→${container}`}${protocol === 'tcp' ? '' : `/${protocol}`}`;
  });
  const said = [...new Set(words)];
  return said.length === 0 ? '' : `port${said.length === 1 ? '' : 's'} ${said.join(' ')}`;
}

/** It ends up in a comment: nothing of it may begin a new line. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
