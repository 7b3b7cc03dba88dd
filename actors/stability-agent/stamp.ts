/**
 * When something was said: never before what was said last, though the clock was set back meanwhile. The observer goes by these times to
 * tell which of two events came later, because "raised" and "cleared" travel in different lanes: an end that is stamped before its
 * beginning would be taken for an older one, and the incident would stay open. Pure.
 */
import type { Command, State } from './state.ts';

/** A clock that was further ahead than this was set wrong by hand: then the present counts, and not the order. */
const aheadMaxMs = 600_000;

interface Told {
  readonly state: State;
  readonly commands: readonly Command[];
}

export function stamped({ state, commands }: Told): Told {
  const { now } = state.seen;
  if (!commands.some(({ type }) => type === 'say')) return { state, commands };
  const isAhead = state.stampedMs >= now && state.stampedMs - now <= aheadMaxMs;
  // In the order in which they are said, one after the other; by itself the outbox would stamp them when it gets them, which a slow disk makes later.
  let stampedMs = isAhead ? state.stampedMs : now - 1;
  const later = commands.map((command): Command => {
    if (command.type !== 'say') return command;
    stampedMs += 1;
    return { ...command, draft: { ...command.draft, ts: new Date(stampedMs).toISOString() } };
  });
  return { state: { ...state, stampedMs }, commands: later };
}
