/** What a row of the topic table is: a pattern with named levels, and how to build, filter and match it. */
import type { z } from 'zod';
import { levelPattern } from './common.ts';

/** `'health/{node}/{service}'` → `{node: string, service: string}` */
export type LevelsOf<P extends string> = P extends `${string}{${infer K}}${infer Rest}` ? { readonly [key in K]: string } & LevelsOf<Rest> : unknown;

/** An announcement is retained like a document, in a form that another program prescribes: without our head. */
export type TopicKind = 'document' | 'announcement' | 'event' | 'request' | 'message';

export interface TopicRow<P extends string = string, S extends z.ZodType = z.ZodType> {
  readonly pattern: P;
  readonly schema: S;
  readonly kind: TopicKind;
  /** Documents and announcements are retained, nothing else ever is. */
  readonly retained: boolean;
  readonly qos: 1;
  /** The one writer: an actor, or who publishes requests. */
  readonly owner: string;
  /** Where the bridge carries it: up = site to hub, down = hub to site, none = never. */
  readonly bridge: 'up' | 'down' | 'none';
  readonly means: string;
  /** Another program's topic: outside our root. But for announcements it is only ever read, retained or not as its writer likes. Its payload may be bare text. */
  readonly foreign?: true;
  /** Its writer leaves a will there, which says that it is gone. */
  readonly will?: true;
}

export interface Topic<P extends string = string, S extends z.ZodType = z.ZodType> extends TopicRow<P, S> {
  /** The topic without the root. Throws on a level that cannot be one. */
  build(levels: LevelsOf<P>): string;
  /** A subscription filter without the root; levels left out become `+`. */
  filter(levels?: Partial<LevelsOf<P>>): string;
  /** The levels of a topic of this row, or null for a topic that is not one. */
  match(topic: string): LevelsOf<P> | null;
}

export type PayloadOf<T> = T extends Topic<string, infer S> ? z.infer<S> : never;

/** One row of the table, with the functions that its pattern implies. */
export function defineTopic<const P extends string, S extends z.ZodType>(row: Omit<TopicRow<P, S>, 'retained' | 'qos'>): Topic<P, S> {
  const parts = row.pattern.split('/').map((part) => ({ name: /^\{(.+)\}$/.exec(part)?.[1] ?? null, literal: part }));
  const render = (levels: Readonly<Record<string, string | undefined>>, missing: '+' | null): string =>
    parts
      .map(({ name, literal }) => {
        if (name === null) return literal;
        const level = levels[name] ?? missing;
        if (level === null) throw new Error(`topic ${row.pattern}: level "${name}" is missing`);
        // Only a filter may hold a wildcard; levelPattern refuses `+` like any other character that cannot stand in a topic.
        if (level !== missing && !levelPattern.test(level)) throw new Error(`topic ${row.pattern}: level "${name}" cannot be ${JSON.stringify(level)}`);
        return level;
      })
      .join('/');
  return {
    ...row,
    retained: row.kind === 'document' || row.kind === 'announcement',
    qos: 1,
    build: (levels) => render(levels as Readonly<Record<string, string>>, null),
    filter: (levels = {}) => render(levels as Readonly<Record<string, string | undefined>>, '+'),
    match(topic) {
      const got = topic.split('/');
      if (got.length !== parts.length) return null;
      const levels: Record<string, string> = {};
      for (const [at, { name, literal }] of parts.entries()) {
        const level = got[at];
        if (level === undefined) return null;
        if (name === null) {
          if (level !== literal) return null;
        } else if (levelPattern.test(level)) levels[name] = level;
        else return null;
      }
      return levels as LevelsOf<P>;
    },
  };
}
