/**
 * Whether a new message makes a sound. Edits never do. What makes none is sent all the same: whoever looks sees everything. Pure.
 *
 * By day: incidents from error on, and what waits for a yes. In quiet hours: critical incidents, and what waits for a yes because of
 * one. Never: what is muted or in maintenance, what is over already, and an action whose incident has just made a sound.
 */

import type { Thread } from './memory.ts';
import { type BotState, copyKey } from './state.ts';
import { localMinutes } from './words.ts';
import { actionCalled, incidentCalled, isInMaintenance } from './world.ts';

/** A proposal comes within seconds of its incident: one outage, one sound. */
const oneSoundWithinMs = 120_000;

function isQuietHour({ quiet, timeZone }: BotState['options'], nowMs: number): boolean {
  if (quiet === null) return false;
  const at = localMinutes(nowMs, timeZone);
  return quiet.from <= quiet.until ? at >= quiet.from && at < quiet.until : at >= quiet.from || at < quiet.until;
}

/** `all`, `<node>` or `<node>/<service>`. */
function isMuted(state: BotState, chat: number, { node, service }: Pick<Thread, 'node' | 'service'>, nowMs: number): boolean {
  const subjects = ['all', node, ...(service === null ? [] : [`${node}/${service}`])];
  return [...state.mutes.values()].some((each) => each.chat === chat && each.untilMs > nowMs && subjects.includes(each.subject));
}

export function isSilent(state: BotState, thread: Thread, chat: number, nowMs: number): boolean {
  const { documents, options } = state;
  if (thread.kind === 'notice' || isMuted(state, chat, thread, nowMs) || isInMaintenance(documents, thread, nowMs)) return true;
  const isQuiet = isQuietHour(options, nowMs);
  switch (thread.kind) {
    case 'incident': {
      const severity = incidentCalled(documents, thread.subject)?.severity;
      if (thread.endedMs !== null || severity === undefined) return true;
      return severity === 'critical' ? false : isQuiet || severity !== 'error';
    }
    case 'recovery':
      // It ends what was heard; what was not heard needs no end.
      return isQuiet || (state.copies.get(copyKey(chat, incidentKey(thread.subject)))?.soundedMs ?? null) === null;
    case 'action': {
      const action = actionCalled(documents, thread.subject);
      if (action?.status !== 'pending') return true;
      const incident = incidentCalled(documents, action.evidence.incident_id);
      const soundedMs = incident === undefined ? null : (state.copies.get(copyKey(chat, incidentKey(incident.id)))?.soundedMs ?? null);
      if (soundedMs !== null && nowMs - soundedMs < oneSoundWithinMs) return true;
      return isQuiet && incident?.severity !== 'critical';
    }
  }
}

export const incidentKey = (id: string): string => `incident ${id}`;
