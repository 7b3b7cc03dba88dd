/**
 * Desired services that do not run, while the observer is away and cannot say so. Costs nothing: the documents are there anyway.
 *
 * Its events open no incident: the observer derives the same from the same documents as soon as it is back, and then counts the
 * grace itself. Evidence of `down` from here would arrive by then, and could only count an outage twice or reopen one that is over.
 */
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../../../contracts/defaults.ts';
import type { DesiredService } from '../../../contracts/desired.ts';
import type { Sight } from '../alarm.ts';
import type { Check } from '../check.ts';
import type { Seen } from '../seen.ts';
import { holdsAllServices } from '../words.ts';

/** Beyond its grace: the observer, coming back, speaks first. */
const serviceMarginMs = 60_000;
/** It runs, or somebody else judges it: both are so at once. */
const serviceClearAfterMs = 0;

export const desiredServices: Check = {
  name: 'desired-services',
  source: 'bus',
  raised: 'desired_not_running',
  cleared: 'desired_running',
  raiseAfterMs: serviceMarginMs,
  clearAfterMs: serviceClearAfterMs,
  look: (seen) => {
    const { desired, health, options } = seen;
    if (!seen.isConnected) return 'unknown';
    if (desired === null || health === null) return [];
    const isObserved = isFresh(seen, Math.max(seen.observerHeardMs ?? 0, seen.syncedMs ?? 0));
    const canSay = health.doc.status !== 'offline' && health.doc.engine === 'up' && isFresh(seen, Math.max(health.heardMs ?? 0, seen.syncedMs ?? 0));
    const monitored = desired.services.filter(({ monitor }) => monitor);
    return monitored.map((service) => {
      const said = statusOf(seen, service.name);
      return {
        subject: service.name,
        service: service.name,
        sight: isObserved ? 'well' : canSay ? sightOf(service, said) : 'unknown',
        message: isObserved ? `the observer judges ${service.name}` : `${service.name} is ${said}, and no observer is there to say so`,
        payload: { status: said },
        raiseAfterMs: (service.grace_ms ?? options.incidentGraceMs) + serviceMarginMs,
      };
    });
  },
};

const isFresh = ({ now }: Seen, heardMs: number): boolean => now - heardMs < heartbeatIntervalMs * heartbeatIntervalsMissedMax;

function statusOf({ services, health }: Seen, name: string): string {
  const said = services.get(name)?.status;
  if (said !== undefined) return said;
  return health !== null && holdsAllServices(health.doc, services.keys()) ? 'missing' : 'unknown';
}

function sightOf({ origin }: DesiredService, status: string): Sight {
  if (status === 'down' || status === 'missing') return 'warning';
  // Whoever stopped what was only adopted may; what is declared should run.
  if (status === 'stopped') return origin === 'declared' ? 'warning' : 'well';
  return status === 'healthy' || status === 'unhealthy' ? 'well' : 'between';
}
