/** `homelab watch`: live events, and every change of an action or incident, until interrupted. */
import { checkPayload } from '../../bus/edge.ts';
import type { Action } from '../../contracts/action.ts';
import type { Event } from '../../contracts/event.ts';
import type { Incident } from '../../contracts/incident.ts';
import { findTopic, topics } from '../../contracts/topics.ts';
import { coloured, exitCodes, type Output } from '../output.ts';
import { UnavailableError, Visit } from '../session.ts';
import type { Settings } from '../settings.ts';

export async function watch(settings: Settings, out: Output): Promise<number> {
  const at = await Visit.open(settings);
  await at.listen([topics.events.filter(), topics.action.filter(), topics.incident.filter()], (relative, message) => {
    const found = findTopic(relative);
    if (found === null || message.retained || message.payload.length === 0) return;
    const checked = checkPayload(found, message.payload);
    if (!checked.ok) {
      out.line(`! ${relative}: ${checked.detail}`);
    } else if (out.json) out.value({ topic: relative, ...(checked.value as object) });
    else out.line(lineOf(found.name, relative, checked.value));
  });
  if (!out.json) out.line('Watching. Ctrl-C ends it.');
  const interrupted = new Promise<'interrupted'>((resolve) => {
    process.once('SIGINT', () => {
      resolve('interrupted');
    });
    process.once('SIGTERM', () => {
      resolve('interrupted');
    });
  });
  const end = await Promise.race([interrupted, at.ended]);
  await at.close();
  if (end !== 'interrupted') throw new UnavailableError(`the connection to the broker ended${end === null ? '' : `: ${end.message}`}`);
  return exitCodes.ok;
}

function lineOf(name: string, relative: string, value: unknown): string {
  if (name === 'events') {
    const event = value as Event;
    return `${event.ts}  ${coloured(event.severity)}  ${event.node}/${event.service ?? '-'}  ${event.type}  ${event.message}`;
  }
  const doc = value as Pick<Action | Incident, 'ts' | 'status' | 'summary'>;
  return `${doc.ts}  ${coloured(doc.status)}  ${relative}  ${doc.summary}`;
}
