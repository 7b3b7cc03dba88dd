/** What `homelab explain` prints: one screen of labelled lines. Pure. */
import type { Finding } from '../../actors/inventory/tree.ts';
import type { CapabilitiesFile } from '../../contracts/inventory/capabilities.ts';
import { mebibytes } from '../declared/memory.ts';
import type { NodeExplained } from './node.ts';
import type { Dependency, ServiceExplained } from './service.ts';

/** Of a list; what is more is counted. A screen has some forty lines, and there are several lists on it. */
const listedMax = 8;

type Section = readonly [label: string, lines: readonly string[]];

export function serviceScreen(service: ServiceExplained): readonly string[] {
  const { name, role, description, site, deployment, containers, exposure, ports, repair, memory } = service;
  return screen(`${name}: ${[role, description].filter(Boolean).join(', ')}`, [
    ['declared', [service.declaredAt.join(' · ')]],
    ['site', [`${site ?? 'not said'}${service.offlineRequired ? '; must work while its site has no uplink' : ''}`]],
    [
      'runs as',
      containers.length === 0
        ? [deployment]
        : listed(containers.map((each) => `${each.name} (${[each.image ?? 'built here', limit(each.memoryBytes)].join(', ')})`)),
    ],
    ['exposure', [`${exposure}${ports.length === 0 ? ', no ports' : `, port${ports.length === 1 ? '' : 's'} ${ports.join(' ')}`}`]],
    [
      'memory',
      containers.length === 0
        ? []
        : [`${mebibytes(sum(containers.map(({ memoryBytes }) => memoryBytes ?? 0)))} of its own; on ${service.node} ${budgetWords(memory)}`],
    ],
    [
      'asks',
      [
        [service.workload === null || service.workload === 'light' ? '' : `workload ${service.workload}`, service.needsInternet ? 'needs the internet' : '']
          .filter(Boolean)
          .join(', '),
      ].filter(Boolean),
    ],
    ['needs', dependencies(service.needs, 'nothing that is declared')],
    ['needed by', dependencies(service.neededBy, 'nothing that is declared')],
    ['repair', [repairWords(repair)]],
    ['windows', service.windows.map(({ text }) => text)],
    ['findings', findingLines(service.findings)],
    ['without it', service.without],
  ]);
}

export function nodeScreen(node: NodeExplained): readonly string[] {
  const { name, site, roles, location, aliases, memory, capabilities } = node;
  const width = Math.max(0, ...node.services.map(({ service }) => service.length));
  const services = node.services.map(
    ({ service, role, exposure, ports, monitor }) =>
      `${service.padEnd(width)}  ${[role, exposure, ports.length === 0 ? '' : `port ${ports.join(' ')}`, monitor ? '' : 'not monitored'].filter(Boolean).join(', ')}`,
  );
  return screen(`${name}: ${[roles.join(', '), node.description].filter(Boolean).join('; ') || 'a machine'}`, [
    ['declared', [node.declaredAt.join(' · ')]],
    [
      'site',
      [
        [site ?? 'not said', location === null ? '' : `stands in ${location}`, aliases.length === 0 ? '' : `also called ${aliases.join(', ')}`]
          .filter(Boolean)
          .join('; '),
      ],
    ],
    ['machine', capabilities === null ? ['not said: there is no capabilities.yaml'] : machineLines(capabilities)],
    [
      'memory',
      [`${budgetWords(memory)}${memory.unlimited === 0 ? '' : `; ${memory.unlimited} container${memory.unlimited === 1 ? '' : 's'} without a limit`}`],
    ],
    ['services', services.length === 0 ? ['none'] : services],
    ['needs', listed(node.needs.map(({ from, to, where }) => `${to}  (${where}, for ${from.slice(from.indexOf('/') + 1)})`))],
    ['needed by', listed(node.neededBy.map(({ from, to, where }) => `${from}  (${where}, needs ${to.slice(to.indexOf('/') + 1)})`))],
    ['windows', node.windows.map(({ service, text }) => `${service === null ? '' : `${service}: `}${text}`)],
    ['findings', findingLines(node.findings)],
    ['without it', node.without],
  ]);
}

/** Labels stand before the first line of their section; sections that say nothing are left out. */
function screen(title: string, sections: readonly Section[]): readonly string[] {
  const width = Math.max(...sections.map(([label]) => label.length));
  return [title, ...sections.flatMap(([label, lines]) => lines.map((line, at) => `  ${(at === 0 ? label : '').padEnd(width)}  ${line}`))];
}

function dependencies(given: readonly Dependency[], none: string): readonly string[] {
  if (given.length === 0) return [none];
  const shown = given.slice(0, listedMax);
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, where, through, isDeclared, declaredAt }) =>
    `${name.padEnd(width)}  ${isDeclared ? where : 'NOT DECLARED'}${through === null ? `, ${declaredAt}` : `, through ${through}`}`.trimEnd(),
  );
  return [...lines, ...more(given.length)];
}

const listed = (lines: readonly string[]): readonly string[] => [...lines.slice(0, listedMax), ...more(lines.length)];
const more = (count: number): readonly string[] => (count > listedMax ? [`… and ${count - listedMax} more (--json has all)`] : []);

function machineLines({ hardware, storage, networking, runtime, operational, deployment }: CapabilitiesFile): readonly string[] {
  const { cpu, memory, acceleration } = hardware;
  const engine = runtime.container_engine === 'none' ? 'no container engine' : `docker, compose ${runtime.compose_version ?? '2'}`;
  return [
    [`${cpu.cores} cores ${cpu.arch}`, `${memory.total_gb} GiB`, `${storage.capacity_gb} GB ${storage.type}`, acceleration?.model ?? '', runtime.os, engine]
      .filter(Boolean)
      .join(', '),
    [
      `reachable ${networking.reachability}`,
      `uplink ${operational.connectivity}, ${networking.bandwidth}`,
      `availability ${operational.availability_target}`,
      `clean-up ${operational.cleanup_class}`,
    ].join(', '),
    ...(deployment.suitability.length + deployment.restricted.length === 0
      ? []
      : [
          [
            deployment.suitability.length === 0 ? '' : `good for ${deployment.suitability.join(', ')}`,
            deployment.restricted.length === 0 ? '' : `never for ${deployment.restricted.join(', ')}`,
          ]
            .filter(Boolean)
            .join('; '),
        ]),
  ];
}

const repairWords = ({ monitor, risk, graceS, verifyWindowS }: ServiceExplained['repair']): string =>
  monitor ? `${risk} risk; an incident after ${graceS} s of trouble, healthy within ${verifyWindowS} s of a restart` : 'never proposed (monitor: false)';

function budgetWords({ sumBytes, budgetBytes, machineBytes }: ServiceExplained['memory']): string {
  if (machineBytes === null) return `${mebibytes(sumBytes)} given away`;
  if (budgetBytes === null) return `${mebibytes(sumBytes)} of ${mebibytes(machineBytes)} given away`;
  const left = budgetBytes - sumBytes;
  return `${mebibytes(sumBytes)} of a budget of ${mebibytes(budgetBytes)} given away, ${left < 0 ? `${mebibytes(-left)} TOO MUCH` : `${mebibytes(left)} left`} (machine ${mebibytes(machineBytes)})`;
}

const limit = (bytes: number | null): string => (bytes === null ? 'no memory limit' : mebibytes(bytes));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const findingLines = (findings: readonly Finding[]): readonly string[] =>
  listed(findings.map(({ severity, rule, file, place, detail }) => `${severity} ${rule}, ${file}${place === null ? '' : `:${place.line}`}: ${detail}`));
