/**
 * Logs transitions from xstate's inspect hook: each change of an actor's mode, and of the state of the machines it runs.
 * Remembers the last word of each running machine; never throws into xstate.
 */
import type { AnyActorLogic, InspectionEvent, SnapshotFrom } from 'xstate';
import type { Log } from './log.ts';

/** `mode` names what the actor itself is doing; machines below it are named by their state. */
export function transitionLog(log: Log, mode: (snapshot: SnapshotFrom<AnyActorLogic>) => string): (inspected: InspectionEvent) => void {
  const last = new Map<string, string>();
  return (inspected) => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { actorRef, rootId, snapshot, event } = inspected;
    const isRoot = actorRef.sessionId === rootId;
    if (snapshot.status === 'active' && !isRoot && !('value' in snapshot)) return; // a promise or callback: it has no states
    const from = last.get(actorRef.sessionId);
    const to = snapshot.status === 'active' ? stateName(snapshot as SnapshotFrom<AnyActorLogic>, isRoot ? mode : null) : snapshot.status;
    if (to === from) return;
    if (snapshot.status === 'active') last.set(actorRef.sessionId, to);
    else last.delete(actorRef.sessionId);
    if (isRoot) log.info({ from, to, event: event.type }, 'mode');
    else if (from !== undefined || snapshot.status === 'active')
      log.info({ machine: 'id' in actorRef ? actorRef.id : actorRef.sessionId, from, to, event: event.type }, 'transition');
  };
}

function stateName(snapshot: SnapshotFrom<AnyActorLogic>, mode: ((snapshot: SnapshotFrom<AnyActorLogic>) => string) | null): string {
  if (mode === null) return JSON.stringify((snapshot as { value?: unknown }).value).replaceAll('"', '');
  try {
    return mode(snapshot);
  } catch {
    return 'unknown'; // run-actor asks for it too, and lets the actor die of it
  }
}
