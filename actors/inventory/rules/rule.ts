/** What a rule is: a question asked of the whole declared homelab, with its answers as faults at their places. Types and the smallest builders. */
import type { DeclaredTree, Finding, Place, ReadFile } from '../tree.ts';

/** The program that asks: some rules compare what is declared with what it can do. */
export interface Program {
  /** Of package.json; our own image bears it as its tag. */
  readonly version: string;
  /** Actors that this version can run. */
  readonly actors: readonly string[];
}

/** A finding before it is known which rule it belongs to. */
export type Fault = Pick<Finding, 'file' | 'place' | 'detail'>;

export interface Rule {
  /** kebab-case; scripts may rely on it. */
  readonly id: string;
  readonly severity: Finding['severity'];
  /** What it finds, in half a sentence. */
  readonly finds: string;
  /** What would happen otherwise; where it has happened before, that. */
  readonly why: string;
  /** true: docker-compose refuses the same thing in its own words, so its words are left out where this rule has spoken. */
  readonly saidByCompose?: true;
  /** Pure. Reports one fault for each place that has to be mended. */
  find(tree: DeclaredTree, program: Program): Iterable<Fault>;
}

/** A fault at a key or list item of a file that was read. */
export const at = (file: ReadFile<unknown>, path: readonly PropertyKey[], detail: string): Fault => ({ file: file.path, place: file.placeOf(path), detail });

/** A fault of a file as a whole, or of one that is not there. */
export const wholeFile = (file: string, detail: string): Fault => ({ file, place: null, detail });

/** Line and column, from 1, of an offset into a text. */
export function placeInText(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
