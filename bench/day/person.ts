/**
 * Somebody with a phone: told when an incident opens that no other explains, when it gets louder, flaps, ends or is back, and when
 * a repair is proposed or withdrawn. Reads `world/incidents/#` and `world/actions/#`, as a notifier would.
 */
import type { Incoming, Transport } from '../../bus/link.ts';
import type { Action } from '../../contracts/action.ts';
import type { Incident } from '../../contracts/incident.ts';
import { findTopic, topics } from '../../contracts/topics.ts';
import type { Line } from './account.ts';

/** What was told of an incident last. */
interface Told {
  readonly severity: string;
  readonly isFlapping: boolean;
}

const connectTimeoutMs = 10_000;
const keepaliveS = 60;

export class Person {
  readonly lines: Line[] = [];
  /** Every incident document that was ever active, explained by another or not. */
  readonly incidents = new Set<string>();
  private readonly root: string;
  private readonly sinceStartMs: () => number;
  private readonly told = new Map<string, Told>();
  /** Ids of those that ended after they had been told of. */
  private readonly ended = new Set<string>();
  /** Action id and attempt of what waits for an answer. */
  private readonly waiting = new Map<string, number>();

  constructor(options: { readonly root: string; readonly sinceStartMs: () => number }) {
    this.root = options.root;
    this.sinceStartMs = options.sinceStartMs;
  }

  async listen(transport: Transport): Promise<void> {
    const link = await transport.connect(
      { clientId: 'person', clean: true, username: 'person', keepaliveS, connectTimeoutMs },
      { onMessage: (message) => this.hear(message), onClose: () => undefined },
    );
    await link.subscribe([topics.incident.filter(), topics.action.filter()].map((filter) => `${this.root}/${filter}`));
  }

  private hear({ topic, payload }: Incoming): void {
    const found = findTopic(topic.slice(this.root.length + 1));
    if (found === null || payload.length === 0) return;
    if (found.name === 'incident') this.hearIncident(JSON.parse(payload.toString('utf8')) as Incident);
    else if (found.name === 'action') this.hearAction(JSON.parse(payload.toString('utf8')) as Action);
  }

  private hearIncident({ id, status, severity, service, node, kind, flapping, suppressed_by }: Incident): void {
    const about = `${node}${service === null ? '' : `/${service}`} ${kind}`;
    const told = this.told.get(id);
    if (status !== 'active') {
      if (!this.told.delete(id)) return;
      this.ended.add(id);
      this.say('resolved', about);
      return;
    }
    this.incidents.add(id);
    if (suppressed_by !== null) return;
    if (told === undefined) this.say(this.ended.has(id) ? 'reopened' : 'incident', `${about} ${severity}`);
    else if (severity !== told.severity) this.say('louder', `${about} ${severity}`);
    if (flapping && told?.isFlapping !== true) this.say('flapping', about);
    this.told.set(id, { severity, isFlapping: flapping });
  }

  private hearAction({ id, status, attempt }: Action): void {
    if (status === 'pending') {
      if (this.waiting.get(id) === attempt) return;
      this.waiting.set(id, attempt);
      this.say('proposal', id);
    } else if (this.waiting.delete(id)) this.say('withdrawn', `${id} ${status}`);
  }

  private say(what: Line['what'], about: string): void {
    this.lines.push({ atMs: this.sinceStartMs(), what, about });
  }
}
