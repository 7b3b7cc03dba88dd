/** A status as a shape and a word: told apart without colours too. */
import { type Tone, toneOf } from '../state/tones.ts';
import { texts } from '../texts.ts';

/** Filled circle: well. Triangle: look. Square on its corner: bad. Ring with a gap: not known. */
const shapes: Readonly<Record<Tone, string>> = {
  ok: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z',
  warn: 'M8 2 14.5 13.5h-13Z',
  bad: 'M8 1.2 14.8 8 8 14.8 1.2 8Z',
  unknown: 'M8 2.5a5.5 5.5 0 0 1 5.5 5.5h-2.4A3.1 3.1 0 1 0 8 11.1v2.4A5.5 5.5 0 0 1 8 2.5Z',
  info: 'M4 2.5 13.5 8 4 13.5Z',
  idle: 'M2.5 6.6h11v2.8h-11Z',
};

export const Mark = ({ tone }: { readonly tone: Tone }) => (
  <svg class={`mark tone-${tone}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={shapes[tone]} />
  </svg>
);

export const wordOf = (status: string): string => texts.words[status] ?? status.replaceAll('_', ' ');

interface Props {
  readonly of: string;
  /** It may not be believed any more: shown as what it was. */
  readonly stale?: boolean;
}

/** What is over does not become untrue. */
const over: readonly string[] = ['completed', 'failed', 'rejected', 'cancelled', 'expired', 'resolved'];
/** These words are no adjectives: they stand in grey as they are. */
const verbs: readonly string[] = ['pending', 'approved', 'running'];

export const Status = ({ of, stale: isAsked = false }: Props) => {
  const stale = isAsked && !over.includes(of);
  const tone = stale ? 'unknown' : toneOf(of);
  return (
    <span class={`status tone-${tone}`}>
      <Mark tone={tone} />
      {stale && !verbs.includes(of) ? texts.frame.was(wordOf(of)) : wordOf(of)}
    </span>
  );
};
