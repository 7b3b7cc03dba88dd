/** The banner above what may not be believed, with its age. */
import type { Doubt } from '../state/freshness.ts';
import { nowMs } from '../state/store.ts';
import { clockTime, duration } from '../state/words.ts';
import { texts } from '../texts.ts';

export function doubtWords(doubt: Doubt, now: number): string {
  const since = doubt.sinceMs === null ? texts.someTime : clockTime(doubt.sinceMs, now);
  const age = doubt.sinceMs !== null ? duration(now - doubt.sinceMs) : doubt.ageMs === null ? texts.someTime : duration(doubt.ageMs);
  return texts.doubt[doubt.kind]({ since, age, detail: doubt.detail });
}

/** Beside the state of one thing: how old it is. */
export const OldTag = ({ doubt }: { readonly doubt: Doubt | null }) =>
  doubt?.ageMs == null ? null : <span class="tag">{texts.frame.old(duration(doubt.sinceMs === null ? doubt.ageMs : nowMs.value - doubt.sinceMs))}</span>;

export const DoubtBanner = ({ doubt }: { readonly doubt: Doubt }) => (
  <div class={`banner doubt-${doubt.kind}`}>
    <strong>{doubtWords(doubt, nowMs.value)}</strong>
    <span>{texts.doubtNote[doubt.kind]}</span>
  </div>
);
