/**
 * One retained document as the bridge sees it: its head, its text as it came, and what of it is worth a message on the link. Pure.
 *
 * The text is carried as it is, so that both sides hold the same bytes whatever version of a writer made them.
 */
import { DocumentHead } from '../../contracts/common.ts';
import type { TopicName } from '../../contracts/topics.ts';

export interface Copy {
  readonly session: number;
  /** Infinity for a will: it is the last word of its session. */
  readonly rev: number;
  readonly isGone: boolean;
  readonly text: string;
  /** The text without what changes all the time; the text itself where nothing does. */
  readonly lasting: string;
}

/** Figures that move with every heartbeat. They cross the link with the next real change, at each link-up, and hourly. */
const volatileFields: Partial<Record<TopicName, readonly string[]>> = {
  nodeHealth: ['uptime_s', 'cpu_pct', 'memory_pct', 'disk_pct', 'disk_free_bytes', 'reclaimable_bytes'],
  worldNode: ['last_seen', 'observer_ahead_ms'],
  worldService: ['last_update'],
  site: ['last_update'],
};

const versionFields: ReadonlySet<string> = new Set(['ts', 'rev']);

function lastingPart(name: TopicName, text: string, value: Readonly<Record<string, unknown>>): string {
  const moving = volatileFields[name];
  if (moving === undefined) return text;
  return JSON.stringify(Object.entries(value).filter(([field]) => !versionFields.has(field) && !moving.includes(field)));
}

/** null: not a document. */
export function copyOf(name: TopicName, text: string): Copy | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const head = DocumentHead.safeParse(value);
  if (!head.success) return null;
  const { session, rev, status } = head.data;
  return { session, rev: rev ?? Number.POSITIVE_INFINITY, isGone: status === 'gone', text, lasting: lastingPart(name, text, head.data) };
}

type Version = Pick<Copy, 'session' | 'rev'>;

export const isNewer = (a: Version, b: Version): boolean => a.session > b.session || (a.session === b.session && a.rev > b.rev);
