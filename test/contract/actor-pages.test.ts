/** The page of each actor (docs/actors/) says what its code does: topics, modes, events, numbers and codes, each both ways. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { createBridgeModule } from '../../actors/bridge/actor.ts';
import { createExecutorModule } from '../../actors/executor/actor.ts';
import type { ExecutorPorts } from '../../actors/executor/ports.ts';
import { createHaDiscoveryModule } from '../../actors/ha-discovery/actor.ts';
import { createInventoryModule } from '../../actors/inventory/actor.ts';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { createOperatorUiModule } from '../../actors/operator-ui/actor.ts';
import type { WebServerPort } from '../../actors/operator-ui/ports.ts';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import type { StabilityPorts } from '../../actors/stability-agent/ports.ts';
import { createSupervisorModule } from '../../actors/supervisor/actor.ts';
import { createTelegramBotModule } from '../../actors/telegram-bot/actor.ts';
import type { TelegramPort } from '../../actors/telegram-bot/ports.ts';
import type { ActorModule, Read } from '../../bus/actor.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { actionStates, actionTypes, forwardedCode } from '../../contracts/action.ts';
import { defaultSite, topicRoot } from '../../contracts/defaults.ts';
import { AccessFile } from '../../contracts/inventory/access.ts';
import { ServicesFile } from '../../contracts/inventory/host.ts';
import { allTopics, type TopicName, topics } from '../../contracts/topics.ts';
import { emittedTypes, grantCodes, limits, outcomeCodes, parsed, refusalCodes, returnedWords, sentTopics } from '../kit/actor-source.ts';
import { FakeEngine } from '../kit/fake-engine.ts';
import { FakeLife, fakeIo } from '../kit/fake-io.ts';
import { allMoves } from '../kit/ledger-desk.ts';
import { checkOptions, wellHost } from '../kit/stability-world.ts';
import { StepClock } from '../kit/step-clock.ts';

const root = join(import.meta.dirname, '../..');

/** Nothing is approved in this test, so nothing is asked of the engine. */
const noEngine: ExecutorPorts = {
  findContainer: () => Promise.resolve(null),
  restartContainer: () => Promise.resolve(),
  redeployService: () => Promise.resolve([]),
  createService: () => Promise.resolve([]),
  runHealthcheck: () => Promise.resolve({ exitCode: 0, output: '' }),
  collectDiagnostics: () => Promise.resolve({ inspect: null, log: [] }),
  listCandidates: () => Promise.resolve([]),
  removeStopped: () => Promise.resolve(null),
  removeDanglingImages: () => Promise.resolve({ count: 0, bytes: 0 }),
  removeBuildCache: () => Promise.resolve({ count: 0, bytes: 0 }),
  removeOldEvents: () => Promise.resolve({ count: 0, bytes: 0 }),
  removeDeployLogs: () => Promise.resolve({ count: 0, bytes: 0 }),
};

const quietMachine: StabilityPorts = { readHost: () => Promise.resolve(wellHost), readTailnet: null, tryUpstream: null, tryOwnBroker: null };

const neverOpens: WebServerPort = { open: () => Promise.reject(new Error('not in this test')) };

/** Nobody writes, and the first poll lasts as long as the test. */
const silentTelegram: TelegramPort = {
  send: () => Promise.resolve({ is: 'done', messageId: 1 }),
  edit: () => Promise.resolve({ is: 'unchanged' }),
  answer: () => Promise.resolve(),
  poll: (_offset, _waitS, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ is: 'unreachable', detail: 'stopped', isUnsent: true }));
    }),
};

interface Subject {
  readonly make: (clock: StepClock) => ActorModule;
  /** The function behind the mode, `<file>#<function>`. */
  readonly mode: string;
}

const subjects: Readonly<Record<string, Subject>> = {
  inventory: { make: () => createInventoryModule({ agents: [] }, null), mode: 'actors/inventory/reduce.ts#mode' },
  'node-agent': { make: (clock) => createNodeAgentModule({ ports: new FakeEngine(clock) }), mode: 'actors/node-agent/machine.ts#mode' },
  observer: { make: () => createObserverModule(), mode: 'actors/observer/reduce.ts#mode' },
  supervisor: { make: () => createSupervisorModule(), mode: 'actors/supervisor/reduce.ts#mode' },
  ledger: { make: () => createLedgerModule({ anonymousAllowed: () => false }), mode: 'actors/ledger/reduce.ts#mode' },
  executor: { make: () => createExecutorModule({ ports: noEngine }), mode: 'actors/executor/desk.ts#deskMode' },
  'ha-discovery': {
    make: () => createHaDiscoveryModule({ root: topicRoot, version: '0', random: () => 0.5 }),
    mode: 'actors/ha-discovery/reduce.ts#mode',
  },
  'stability-agent': {
    make: () => createStabilityAgentModule({ ports: quietMachine, intervalMs: 60_000, checks: checkOptions }),
    mode: 'actors/stability-agent/reduce.ts#mode',
  },
  'operator-ui': { make: () => createOperatorUiModule({ version: '0', web: neverOpens }), mode: 'actors/operator-ui/reduce.ts#mode' },
  'telegram-bot': {
    make: () => createTelegramBotModule({ telegram: silentTelegram, explain: () => [], chats: new Map([[1, null]]), quiet: null, timeZone: 'UTC' }),
    mode: 'actors/telegram-bot/reduce.ts#mode',
  },
  bridge: {
    make: () => {
      const nowhere = new MemoryBroker();
      nowhere.stop();
      const transports = { near: nowhere.transport(), local: nowhere.transport(), far: nowhere.transport() };
      return createBridgeModule({ transports, ports: { standby: null }, root: topicRoot, hubSite: defaultSite, random: () => 0.5 });
    },
    mode: 'actors/bridge/reduce.ts#mode',
  },
};

const words = returnedWords(Object.values(subjects).map(({ mode }) => mode));

// -- the page -------------------------------------------------------------------------------------------------------------

const pageOf = (actor: string): string => readFileSync(join(root, 'docs/actors', `${actor}.md`), 'utf8');

const cellsOf = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

/** Rows below the head that begins with these words; null when the page has no such table. */
function tableOf(page: string, ...head: readonly string[]): readonly (readonly string[])[] | null {
  const lines = page.split('\n');
  const at = lines.findIndex((line) => line.startsWith('|') && head.every((word, column) => cellsOf(line)[column] === word));
  if (at === -1) return null;
  const rows = lines.slice(at + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? rows.length : end).map(cellsOf);
}

const quoted = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');
const firstColumn = (rows: readonly (readonly string[])[] | null): readonly string[] => (rows ?? []).flatMap(([cell]) => quoted(cell ?? '')).toSorted();

const patterns: ReadonlySet<string> = new Set(allTopics.map(([, topic]) => topic.pattern));

/** Topics named in a row of the first table. */
function topicsIn(page: string, row: string): readonly string[] {
  const cells = tableOf(page, '', '')?.find(([name]) => name === row);
  if (cells === undefined) throw new Error(`the first table has no row ${row}`);
  const named = quoted(cells[1] ?? '').filter((word) => word.includes('/') && !/^(hosts|inventory|spool|\/proc)\b|\/$|\.yaml$/.test(word));
  for (const pattern of named) if (!patterns.has(pattern)) throw new Error(`${row}: ${pattern} is no pattern of contracts/topics.ts`);
  return named.filter((word) => word !== '').toSorted();
}

const patternsOf = (reads: readonly Read[]): readonly string[] => [...new Set(reads.map(({ topic }) => topic.pattern))].toSorted();

/** `10 s`, `7 days`, `1 MiB`, `1,000` in the unit of a constant's name. */
function numberIn(name: string, text: string): number {
  const [, digits = '', unit = ''] = /^([\d,.]+) ?(\w*)$/.exec(text) ?? [];
  const units: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, min: 60_000, h: 3_600_000, days: 86_400_000, MiB: 1 << 20 };
  const factor = units[unit];
  if (digits === '' || factor === undefined) throw new Error(`${name}: ${text} is not a number with a unit`);
  const needsUnit = /Ms(Max)?$|S$/.test(name);
  if (needsUnit !== (unit !== '' && unit !== 'MiB')) throw new Error(`${name}: ${text} has the wrong unit`);
  return (Number(digits.replaceAll(',', '')) * factor) / (name.endsWith('S') ? 1000 : 1);
}

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

async function bornAlone(actor: string, { make }: Subject): Promise<FakeLife> {
  const clock = new StepClock();
  const dataDir = mkdtempSync(join(tmpdir(), `homelab-page-${actor}-`));
  directories.push(dataDir);
  return FakeLife.start(make(clock), fakeIo({ actor, clock, dataDir }));
}

describe.each(Object.entries(subjects))('the page of %s', (actor, subject) => {
  const page = pageOf(actor);
  const source = parsed(`actors/${actor}`);

  it('names the topics that it reads, is queued and owns, and no others', async () => {
    const life = await bornAlone(actor, subject);
    try {
      const { reads, queued, owns } = life.blueprint;
      expect(topicsIn(page, 'reads')).toEqual(patternsOf(reads));
      expect(topicsIn(page, 'reads queued')).toEqual(patternsOf(queued ?? []));
      expect(topicsIn(page, 'writes')).toEqual(patternsOf(owns));
    } finally {
      await life.stop();
      await life.blueprint.farewell?.();
    }
  });

  it('names what it sends besides documents', () => {
    const sent = [...sentTopics(source)].map((name) => topics[name as TopicName].pattern);
    expect(topicsIn(page, 'sends')).toEqual(sent.toSorted());
  });

  it('explains each word that its mode can be', async () => {
    expect(firstColumn(tableOf(page, 'mode'))).toEqual(words.get(subject.mode));
    const life = await bornAlone(actor, subject);
    expect(words.get(subject.mode)).toContain(life.mode);
    await life.stop();
    await life.blueprint.farewell?.();
  });

  it('lists each type of event that its source makes, and no other', () => {
    expect(firstColumn(tableOf(page, 'type', 'when'))).toEqual([...emittedTypes(source)].toSorted());
  });

  it('gives each number it goes by, as it is in the code', () => {
    const rows = (tableOf(page, 'limit', 'value', 'why') ?? []).map(([name = '', value = '']): [string, number] => {
      const [plain = ''] = quoted(name);
      return [plain, numberIn(plain, value)];
    });
    // The rules of `homelab validate` live beside the inventory; docs/inventory.md is their page.
    const ownSource = source.filter(({ fileName }) => !fileName.startsWith('rules/'));
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(limits(ownSource)));
  });

  it('says what is remembered, how it fails, and which file to read first', () => {
    expect(page).toMatch(/^## Remembers$/m);
    expect(page).toMatch(/^## How it fails$/m);
    expect(page.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^Read \`actors/${actor}/actor\\.ts\` first`));
    for (const file of [...page.matchAll(/`((?:actors|adapters|contracts|docs)\/[\w/.-]+\.(?:ts|md))`/g)].map(([, path]) => path ?? ''))
      expect(() => readFileSync(join(root, file)), file).not.toThrow();
    const last = quoted(page.trimEnd().split('\n').at(-1) ?? '').filter((word) => /^[\w-]+\.ts$/.test(word));
    for (const file of last) expect(source.map(({ fileName }) => fileName)).toContain(file);
  });
});

describe('the page of the ledger', () => {
  const page = pageOf('ledger');
  const source = parsed('actors/ledger');

  it('lists the codes of refusals, and those of what is granted', () => {
    expect(firstColumn(tableOf(page, 'code', 'means'))).toEqual([...refusalCodes(source)].toSorted());
    const granted = /Granted requests answer ([^.]+)\./.exec(page)?.[1] ?? '';
    // Nobody can ask for `expired`, so nobody is answered with it.
    expect(quoted(granted).toSorted()).toEqual([...grantCodes(source), forwardedCode].filter((code) => code !== 'expired').toSorted());
  });

  it('says who may move what, as the machine decides', () => {
    const rows = tableOf(page, 'state', 'person', 'supervisor, planner', 'executor of its node');
    const changing = (state: string, column: 2 | 3 | 4): string => {
      const moves = allMoves.filter((move) => move[0] === state && (move[column] === move[1] || move[column] === 'proposed'));
      return moves.length === 0 ? '–' : moves.map(([, asked]) => asked).join(', ');
    };
    expect(rows?.map((row) => row.slice(0, 4))).toEqual(
      actionStates.map((state) => [`\`${state}\``, changing(state, 2), changing(state, 3), changing(state, 4)]),
    );
  });
});

describe('the page of the executor', () => {
  it('lists the codes of outcomes', () => {
    const codes = outcomeCodes([...parsed('actors/executor'), ...parsed('adapters/docker'), ...parsed('adapters/compose')]);
    // These are verified, so their own words never reach an outcome.
    const own = ['restarted', 'redeployed'];
    expect(firstColumn(tableOf(pageOf('executor'), 'code', 'means'))).toEqual([...codes].filter((code) => !own.includes(code)).toSorted());
  });

  it('has a row for each type of action', () => {
    const rows = tableOf(pageOf('executor'), 'action type') ?? [];
    expect(rows.flatMap(([types = '']) => types.split(', ')).toSorted()).toEqual([...actionTypes].toSorted());
  });
});

describe('the page of the inventory', () => {
  it('shows files that parse', () => {
    const [services, access] = [...pageOf('inventory').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => load(text ?? ''));
    expect(ServicesFile.parse(services).services).toHaveProperty('web.grace_s', 60);
    expect(AccessFile.parse(access).logins).toEqual({ anna: 'operator' });
  });
});
