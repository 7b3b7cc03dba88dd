/**
 * The broker of this node, by a message there and back. Costs 0.1 kB each way on the connection that is there anyway.
 *
 * Word of a dead broker cannot go through it, and word that comes late would open an incident for one that is well again. So it is
 * told while it lasts only by the machine it runs on, and only where the list of brokers has another one to tell it on; in all
 * other cases one `mqtt_reachable` afterwards says from when to when nothing came through.
 */
import type { Check } from '../check.ts';
import type { Seen } from '../seen.ts';

/** A restart of mosquitto takes 1 s, a reconnect with back-off up to 30 s. */
const brokerRaiseAfterMs = 30_000;
/** A message that came back is all the proof there can be. */
const brokerClearAfterMs = 0;
/** The usual name of a broker's service. */
const brokerServices: readonly string[] = ['mosquitto', 'emqx'];

export const ownBroker: Check = {
  name: 'own-broker',
  source: 'own_broker',
  raised: 'mqtt_unreachable',
  cleared: 'mqtt_reachable',
  raiseAfterMs: brokerRaiseAfterMs,
  clearAfterMs: brokerClearAfterMs,
  look: (seen) => {
    const { ownBroker: trip, options } = seen;
    if (trip === null) return 'unknown';
    const said = trip.ok ? `answers within ${trip.ms} ms` : `does not answer: ${trip.detail}`;
    const message = `the broker ${options.broker} ${said}`;
    return [{ subject: '', service: serviceOf(seen), sight: trip.ok ? 'well' : 'error', message, payload: { broker: options.broker } }];
  },
  isTellable: ({ options, hasOtherBroker, isConnected }) => options.isBrokerHere && hasOtherBroker && isConnected,
};

/** Its service on this node; null: it runs elsewhere, or is built in. */
function serviceOf({ options, desired, services }: Seen): string | null {
  if (!options.isBrokerHere) return null;
  return brokerServices.find((name) => services.has(name) || desired?.services.some((each) => each.name === name) === true) ?? null;
}
