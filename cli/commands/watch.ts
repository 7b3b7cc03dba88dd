/** `homelab watch`: live events, and every change of an action or incident, until interrupted. */
import { checkPayload } from '../../bus/edge.ts';
import type { Action } from '../../contracts/action.ts';
import type { Event } from '../../contracts/event.ts';
import type { Incident } from '../../contracts/incident.ts';
import { findTopic, topics } from '../../contracts/topics.ts';
import { coloured, exitCodes, type Output } from '../output.ts';
import { UnavailableError, Visit } from '../session.ts';
import type { Settings } from '../settings.ts';

/** A broker restart takes a second or two; nobody wants to start a window anew for it. */
const retryEveryMs = 2_000;

export async function watch(settings: Settings, out: Output): Promise<number> {
  let isInterrupted = false;
  const interrupted = new Promise<null>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        isInterrupted = true;
        resolve(null);
      });
    }
  });
  // The first time a broker that is not there is an error to say; later it is one to wait for.
  let at = await open(settings, out);
  if (!out.json) out.line('Watching. Ctrl-C ends it.');
  for (;;) {
    await Promise.race([interrupted, at.ended]);
    await at.close();
    if (isInterrupted) return exitCodes.ok;
    if (!out.json) out.line('The connection to the broker ended; waiting for it to come back.');
    const again = await reopen(settings, out, interrupted);
    if (again === null) return exitCodes.ok;
    at = again;
  }
}

async function reopen(settings: Settings, out: Output, interrupted: Promise<null>): Promise<Visit | null> {
  for (;;) {
    const pause = new Promise<'pause'>((resolve) => {
      setTimeout(() => {
        resolve('pause');
      }, retryEveryMs);
    });
    if ((await Promise.race([interrupted, pause])) === null) return null;
    try {
      return await open(settings, out);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }
}

async function open(settings: Settings, out: Output): Promise<Visit> {
  const at = await Visit.open(settings);
  await at.listen([topics.events.filter(), topics.action.filter(), topics.incident.filter()], (relative, message) => {
    const found = findTopic(relative);
    if (found === null || message.retained || message.payload.length === 0) return;
    const checked = checkPayload(found, message.payload);
    if (!checked.ok) out.line(`! ${relative}: ${checked.detail}`);
    else if (out.json) out.value({ topic: relative, ...(checked.value as object) });
    else out.line(lineOf(found.name, relative, checked.value));
  });
  return at;
}

function lineOf(name: string, relative: string, value: unknown): string {
  if (name === 'events') {
    const event = value as Event;
    return `${event.ts}  ${coloured(event.severity)}  ${event.node}/${event.service ?? '-'}  ${event.type}  ${event.message}`;
  }
  const doc = value as Pick<Action | Incident, 'ts' | 'status' | 'summary'>;
  return `${doc.ts}  ${coloured(doc.status)}  ${relative}  ${doc.summary}`;
}
