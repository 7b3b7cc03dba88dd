/** What a link says in words on a terminal. Pure; `nowMs` is epoch milliseconds. What it says at all: contracts/link-view.ts. */
import { clockTime } from '../actors/ledger/wording.ts';
import type { AwaitedSite, LinkView } from '../contracts/link-view.ts';
import { age } from './output.ts';

/** "link up, 20 s ago", "link down since 14:03 UTC" */
export function linkWords(link: LinkView, nowMs: number): string {
  const { status, isCrossed, heardAt, downSince, summary } = link;
  if (status === 'down') return `link down${downSince === null ? '' : ` since ${clockTime(downSince, nowMs)}`}`;
  const said = status === 'up' ? 'link up' : `link degraded: ${summary}`;
  return isCrossed ? `${said}, ${age(heardAt, nowMs)} ago` : said;
}

/** How old what stands behind a dead link is; `said`: when the newest of it was written. */
export const ageBehind = ({ lastWordAt, downSince }: LinkView, said: string, nowMs: number): string => age(lastWordAt ?? downSince ?? said, nowMs);

/** "never heard: is its bridge running?" */
export function awaitedWords({ isNeverHeard, silentSince }: AwaitedSite, nowMs: number): string {
  if (isNeverHeard) return 'never heard: is its bridge running?';
  return silentSince === null ? 'not heard yet' : `link down since ${clockTime(silentSince, nowMs)}; nothing of it is known here`;
}
