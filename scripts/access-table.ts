/** The table of docs/access.md: who may write which topic at which broker, asked of contracts/access-rules.ts itself for one login of each role. Pure. */
import { accessOf, type BrokerScope, mayBeRetained } from '../contracts/access-rules.ts';
import { requestStates } from '../contracts/action.ts';
import { actorNames } from '../contracts/actor-names.ts';
import { topicRoot } from '../contracts/defaults.ts';
import { homeAssistantLogin } from '../contracts/home-assistant.ts';
import type { Topic } from '../contracts/topic.ts';
import { allTopics } from '../contracts/topics.ts';
import { markdownTable as table } from './markdown.ts';

const sites: BrokerScope['sites'] = new Map([
  ['hub', { nodes: ['center'], upstream: null }],
  ['edge', { nodes: ['far'], upstream: 'hub' }],
]);
const people = { 'an-operator': 'operator', 'a-delegate': 'delegate', 'a-reader': 'reader', [homeAssistantLogin]: 'delegate' } as const;
const shownAs: Readonly<Record<string, string>> = {
  'an-operator': 'operator',
  'a-delegate': 'delegate',
  'a-reader': 'reader',
  [homeAssistantLogin]: 'Home Assistant',
};

/** Without those that no node of ours runs: Home Assistant has a login of its own name. */
const actors = actorNames.filter((name) => name !== homeAssistantLogin);

export const accessTable = (): string =>
  table(
    ['topic', 'retained', 'may be written at the hub by', 'at an edge site by'],
    allTopics.map(([, row]) => [
      `\`${row.foreign === true ? '' : `${topicRoot}/`}${row.pattern.replaceAll('{', '<').replaceAll('}', '>')}\``,
      mayBeRetained(row) ? (row.retained ? 'yes' : 'no') : '**never**',
      writers(row, 'hub', 'center'),
      writers(row, 'edge', 'far'),
    ]),
  );

function writers(row: Topic, site: string, node: string): string {
  const scope: BrokerScope = { site, root: topicRoot, sites, access: people, anonymous: 'refused' };
  const isHub = site === 'hub';
  // No bridge runs at the hub; those of the sites below come to it.
  const here = actors.filter((actor) => !isHub || actor !== 'bridge');
  const byWords = new Map<string, string[]>();
  for (const login of [...here.map((actor) => `${actor}-${node}`), ...(isHub ? ['bridge-far'] : []), ...Object.keys(people)]) {
    const words = wordsOf(row, login, scope);
    if (words !== null) byWords.set(words, [...(byWords.get(words) ?? []), nameOf(login, isHub)]);
  }
  return [...byWords].map(([words, names]) => `${namesOf(names, here)}${words}`).join('; ') || 'nobody';
}

/** What of the row it may write, beyond "yes"; null: nothing. */
function wordsOf(row: Topic, login: string, scope: BrokerScope): string | null {
  const { writes } = accessOf(login, scope);
  const may = (state: string): boolean => topicsOf(row, login, state).some((topic) => writes.some((filter) => matches(filter, topic)));
  if (!row.pattern.includes('{state}')) return may('none') ? '' : null;
  const states = requestStates.filter(may);
  if (states.length === 0) return null;
  return states.length === requestStates.length ? ' (to clear)' : ` (${states.join(', ')})`;
}

/** What may be written is granted without `#`. */
function matches(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  return wanted.length === levels.length && wanted.every((want, at) => want === '+' || want === levels[at]);
}

/** Of each site and node, as it would write them. */
function topicsOf(row: Topic, login: string, state: string): readonly string[] {
  const [, actor = 'none'] = /^(.*)-(?:center|far)$/.exec(login) ?? [];
  const places = ['hub', 'edge'].flatMap((site) => ['center', 'far'].map((node) => ({ site, node })));
  const others = { service: 'web', id: 'x', correlation_id: 'x', state, actor, login, requester: login };
  return places.map((place) => `${row.foreign === true ? '' : `${topicRoot}/`}${row.build({ ...others, ...place })}`);
}

function nameOf(login: string, isHub: boolean): string {
  if (isHub && login === 'bridge-far') return 'bridge of the site below';
  return shownAs[login] ?? login.replace(/-(?:center|far)$/, '');
}

function namesOf(names: readonly string[], here: readonly string[]): string {
  if (here.some((actor) => !names.includes(actor))) return names.join(', ');
  const rest = names.filter((name) => !here.includes(name));
  return ['every actor', ...rest].join(', ');
}
