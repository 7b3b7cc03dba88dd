/**
 * Checks that a stability-agent says each thing once: what it has raised it raises again only when it got worse, or was over in between.
 * Listens where the agent speaks, before anything gets lost. A life that ended may not have remembered what it said: the next may say it again.
 */
import type { EventDraft } from '../../contracts/event.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import type { Breach } from './rules.ts';

const severities = ['info', 'warning', 'error', 'critical'];

interface Standing {
  readonly kinds: readonly (IncidentKind | 'desired')[];
  readonly service: string | null;
  readonly severity: string;
}

export class AlarmOracle {
  private readonly breach: Breach;
  /** By login, then by what it is about. */
  private readonly standing = new Map<string, Map<string, Standing>>();

  constructor(breach: Breach) {
    this.breach = breach;
  }

  onDeath(login: string): void {
    this.standing.delete(login);
  }

  onEmit(login: string, { type, severity, service = null, payload = {} }: EventDraft): void {
    const own = this.standing.get(login) ?? new Map<string, Standing>();
    this.standing.set(login, own);
    const ends = endedBy(type);
    for (const [key, each] of own) if (each.service === service && each.kinds.some((kind) => ends.includes(kind))) own.delete(key);
    const kind = openedBy(type);
    if (kind === null) return;
    const about = [type, service, payload['disk'], payload['peer']]
      .map((each) => (typeof each === 'string' ? each : ''))
      .join(' ')
      .trim();
    const before = own.get(about);
    if (before !== undefined && severities.indexOf(severity) <= severities.indexOf(before.severity))
      this.breach('says-each-thing-once', `${login} says ${about} again (${severity}), and it was not over`);
    own.set(about, { kinds: [kind], service, severity });
  }
}

/** These two open no incident. */
const openedBy = (type: string): IncidentKind | 'desired' | null => (type === 'desired_not_running' ? 'desired' : (eventTypeRow(type)?.opens ?? null));
const endedBy = (type: string): readonly (IncidentKind | 'desired')[] => (type === 'desired_running' ? ['desired'] : (eventTypeRow(type)?.closes ?? []));
