/** The homelab of the page where whatever may be long is: paths, ids and addresses without a place to break at, and names as long as a name may be. */
import { topics } from '../../contracts/topics.ts';
import { type Doc, downIncident } from './page-parts.ts';
import { type PageWorldOptions, pageWorld, type Tree } from './page-world.ts';

/** 119 characters, three times what a phone holds in a line, and few enough for every field (the least: 128). No hyphens: at these a browser breaks. */
const longWord = `/srv/${'a_path_that_nothing_can_break/'.repeat(3)}of/a/program/logins.yaml`;

/** Free text: what people, programs and files call something. `by` is whoever did it. */
const freeTexts: ReadonlySet<string> = new Set([
  ...['message', 'detail', 'last_error', 'health_log', 'note', 'summary', 'why', 'by', 'worst'],
  ...['container', 'image', 'proposed_by', 'approved_by', 'commit', 'engine_detail'],
]);
/** Its field is shown as free text only where somebody has written one. */
const besides: Readonly<Record<string, string>> = { detail: longWord, last_error: longWord };

/** 46 characters: what somebody calls a machine or a service without a thought, and ids made of it still fit. */
export const longName = (name: string): string => name.padEnd(46, '0123456789');
const lengthenedNames = ['solaria', 'outline-redis', 'chelsty-infra'] as const;

export const longWordsWorld = (options: PageWorldOptions): Tree => {
  const named = lengthenedNames.reduce((text, name) => text.replaceAll(name, longName(name)), JSON.stringify([...pageWorld(options)]));
  const tree: Tree = new Map((JSON.parse(named) as [string, Doc][]).map(([topic, doc]) => [topic, lengthened(doc) as Doc]));
  for (const [topic, doc] of tree) if (topics.actorStatus.match(topic) !== null) tree.set(topic, { ...doc, ...besides });
  const flapping = topics.incident.build({ node: 'vps', id: downIncident });
  const incident = tree.get(flapping);
  if (incident !== undefined) tree.set(flapping, { ...incident, flapping: true, well_since: incident['ts'] });
  return tree;
};

function lengthened(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return freeTexts.has(key) ? longWord : value;
  if (Array.isArray(value)) return value.map((each) => lengthened(each));
  // A login stands in the claim, of which the page shows only the time.
  if (value === null || typeof value !== 'object' || key === 'claim') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, lengthened(each, name)]));
}

export const longWordEvents = (events: readonly Readonly<Record<string, unknown>>[]): readonly Record<string, unknown>[] =>
  events.map((event) => ({ ...event, message: longWord, payload: { file: longWord } }));
