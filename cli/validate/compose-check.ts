/**
 * Puts every Compose pair before docker-compose itself, a few at a time, and turns its words into findings.
 *
 * Remembers which pairs were accepted or refused in this process, so that a watching validator asks again only about
 * what has changed. A pair with a finding that docker-compose would repeat is not asked about: one fault is named once.
 */
import { byPlace, saidByCompose } from '../../actors/inventory/rules/judge.ts';
import { programRules } from '../../actors/inventory/rules/rules.table.ts';
import type { DeclaredTree, Finding } from '../../actors/inventory/tree.ts';
import type { Complaint } from '../../adapters/compose/complaints.ts';
import { checkConfig } from '../../adapters/compose/config.ts';
import { type ComposeProgram, type ComposePrograms, findComposePrograms, shownProgram } from '../../adapters/compose/programs.ts';
import { type ComposeMajor, composeMajorOf, composePairs, type PlannedPair } from './compose-pairs.ts';

export interface ComposeResult {
  readonly findings: readonly Finding[];
  /** Accepted or refused; the others were left out, or skipped. */
  readonly pairsAsked: number;
  /** `docker-compose 1.29.2` */
  readonly programs: readonly string[];
  readonly tookMs: number;
}

/** Each is a Python or Go program that keeps one core busy; the smallest machine this must run on has two. */
const programsAtOnce = 2;

export class ComposeCheck {
  private readonly directory: string;
  private programs: Promise<ComposePrograms> | null = null;
  /** By everything that the answer depends on. */
  private readonly answers = new Map<string, readonly Complaint[]>();

  constructor(directory: string) {
    this.directory = directory;
  }

  async check(tree: DeclaredTree, others: readonly Finding[]): Promise<ComposeResult> {
    const startedMs = performance.now();
    this.programs ??= findComposePrograms();
    const programs = await this.programs;
    const named = new Set(others.filter(({ rule }) => saidByCompose.has(rule)).map(({ file }) => file));
    const pairs = composePairs(tree).filter(({ files }) => !files.some((file) => named.has(file)));
    const findings = await this.ask(pairs, programs);
    return {
      findings: [...distinct(findings), ...skipped(tree, pairs, programs)],
      pairsAsked: pairs.filter(({ versions }) => versions.some((version) => programs[version] !== null)).length,
      programs: [programs.v1, programs.v2].filter((program) => program !== null).map(shownProgram),
      tookMs: performance.now() - startedMs,
    };
  }

  private async ask(pairs: readonly PlannedPair[], programs: ComposePrograms): Promise<readonly Finding[]> {
    const waiting = [...pairs];
    const findings: Finding[] = [];
    const worker = async (): Promise<void> => {
      for (let pair = waiting.shift(); pair !== undefined; pair = waiting.shift()) {
        for (const version of pair.versions) {
          const program = programs[version];
          const complaints = program === null ? [] : await this.answer(program, pair);
          findings.push(...complaints.map((complaint) => finding(pair, complaint, program)));
          if (complaints.length > 0) break;
        }
      }
    };
    await Promise.all(Array.from({ length: programsAtOnce }, worker));
    return findings;
  }

  private async answer(program: ComposeProgram, pair: PlannedPair): Promise<readonly Complaint[]> {
    const key = JSON.stringify([program.version, pair.files, pair.read.map(({ text }) => text), pair.envFile, pair.env]);
    let answer = this.answers.get(key);
    if (answer === undefined) {
      answer = await checkConfig(program, this.directory, pair);
      this.answers.set(key, answer);
    }
    return answer;
  }
}

/** At the key that docker-compose names, in the file that has it: the override if it does. */
function finding(pair: PlannedPair, { detail, path, location }: Complaint, program: ComposeProgram | null): Finding {
  const { id: rule, severity } = programRules['compose-refuses'];
  const words = program === null ? detail : `${shownProgram(program)}: ${detail}`;
  if (location !== null) return { rule, severity, file: location.file, place: { line: location.line, column: location.column }, detail: words };
  const depths = pair.read.map((file) => ({ file, depth: depthOf(file.value, path) }));
  // The last one that has as much of the path as any: what an override says goes over the rest.
  const { file } = depths.reduce((best, each) => (each.depth >= best.depth ? each : best));
  return { rule, severity, file: file.path, place: path.length === 0 ? null : file.placeOf(path), detail: words };
}

/** How many steps of the path a value has. */
function depthOf(value: unknown, path: readonly string[]): number {
  let here = value;
  for (const [depth, step] of path.entries()) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return depth;
    here = (here as Readonly<Record<string, unknown>>)[step];
  }
  return path.length;
}

/** A file that several nodes share is refused for each of them, for the same reason. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const known = new Map(findings.map((each) => [`${each.file} ${each.place?.line} ${each.place?.column} ${each.detail}`, each]));
  return [...known.values()].sort(byPlace);
}

const installs: Readonly<Record<ComposeMajor, string>> = {
  v1: 'docker-compose 1.x (Debian 12: apt-get install docker-compose)',
  v2: 'docker compose 2.x (a plugin of docker)',
};

/** One for each version that is missing, at the node that asks for it. */
function skipped(tree: DeclaredTree, pairs: readonly PlannedPair[], programs: ComposePrograms): readonly Finding[] {
  return (['v1', 'v2'] as const).flatMap((version): Finding[] => {
    const count = pairs.filter(({ versions }) => versions.includes(version)).length;
    if (programs[version] !== null || count === 0) return [];
    const { id: rule, severity } = programRules['check-skipped'];
    const node = [...tree.hosts.keys()].find((name) => composeMajorOf(tree, name) === version);
    const file = node === undefined ? 'services' : `hosts/${node}/capabilities.yaml`;
    return [
      {
        rule,
        severity,
        file,
        place: null,
        detail: `${count} Compose ${count === 1 ? 'file was' : 'files were'} not put before ${installs[version]}: it is not installed here`,
      },
    ];
  });
}
