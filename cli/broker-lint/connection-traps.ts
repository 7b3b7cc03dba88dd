/** Traps in how a bridge connects: a session that is lost, a client id that is not its own, a broker that closes the connection. */
import { type Bridge, isFalse, isTrue, lastOf, type Setting } from './configuration.ts';
import type { Caught, Trap } from './trap.ts';

const shown = ({ key, value }: Setting): string => `${key} ${value}`;
/** A finding where the setting fits, for each bridge. */
const whereSet =
  (keys: readonly string[], isWrong: (setting: Setting, bridge: Bridge) => boolean): Trap['find'] =>
  ({ bridges }) =>
    bridges.flatMap((bridge): readonly Caught[] => {
      const setting = lastOf(bridge.settings, ...keys);
      return setting !== null && isWrong(setting, bridge) ? [{ at: setting, what: shown(setting) }] : [];
    });

const version = ({ settings }: Bridge): string => lastOf(settings, 'bridge_protocol_version')?.value ?? 'mqttv311';

const cleanSession: Trap = {
  id: 'clean-session',
  severity: 'error',
  why: 'Nothing is queued while the link is down: 0 of 5,000 messages arrived; what was cleared meanwhile stays at the far side for ever.',
  instead: 'cleansession false',
  find: (configuration, root) => ['cleansession', 'local_cleansession'].flatMap((key) => [...whereSet([key], isTrue)(configuration, root)]),
};

const protocol5: Trap = {
  id: 'protocol-5',
  severity: 'error',
  why: 'Without a session expiry, which mosquitto 2.0 cannot set, the far side ends the session with the connection (issues 2424, 2793, 3098); aedes 1.x refuses MQTT 5.',
  instead: 'bridge_protocol_version mqttv311',
  find: whereSet(
    ['bridge_protocol_version'],
    ({ value }, { settings }) => value === 'mqttv50' && Number(lastOf(settings, 'bridge_session_expiry_interval')?.value ?? 0) === 0,
  ),
};

const newerOption: Trap = {
  id: 'newer-option',
  severity: 'warning',
  why: 'mosquitto 2.0, also that of Debian 12, does not start with it; 2.1 knows it.',
  instead: 'leave it out where 2.0 may run; keepalive_interval 30 finds a dead link too',
  find: ({ bridges }) =>
    bridges.flatMap(({ settings }) =>
      settings
        .filter(({ key }) => ['bridge_tcp_keepalive', 'bridge_tcp_user_timeout', 'bridge_session_expiry_interval'].includes(key))
        .map((setting) => ({ at: setting, what: shown(setting) })),
    ),
};

const notPrivate: Trap = {
  id: 'try-private',
  severity: 'error',
  why: 'Over MQTT 3.1.1 the far side then takes the bridge for a plain client: retained messages arrive unretained, and what it sends under its own subscriptions comes back.',
  instead: 'try_private true',
  find: whereSet(['try_private'], (setting, bridge) => isFalse(setting) && version(bridge) !== 'mqttv50'),
};

const farNotifications: Trap = {
  id: 'notifications-remote',
  severity: 'warning',
  why: 'The state of the bridge is published below $SYS/ of the far side too; aedes closes the connection over that, again at every attempt.',
  instead: 'notifications_local_only true',
  *find({ bridges }) {
    for (const bridge of bridges) {
      const topic = lastOf(bridge.settings, 'notification_topic');
      if (isFalse(lastOf(bridge.settings, 'notifications')) || isTrue(lastOf(bridge.settings, 'notifications_local_only'))) continue;
      if (topic === null || topic.value.startsWith('$')) yield { at: topic ?? bridge, what: `connection ${bridge.name} notifies the far side` };
    }
  },
};

const noNotifications: Trap = {
  id: 'notifications-off',
  severity: 'warning',
  why: 'Then nothing says on either broker whether the link is up. Who turned it off because the far side refuses $SYS/ wants the other setting.',
  instead: 'notifications true and notifications_local_only true',
  find: whereSet(['notifications'], isFalse),
};

const defaultClientId: Trap = {
  id: 'client-id-default',
  severity: 'warning',
  why: 'It is then <connection>.<host name>. A container has a new host name each time it is made: the session at the far side is left behind with its queue.',
  instead: 'remote_clientid bridge-<node>',
  *find({ bridges }) {
    for (const bridge of bridges) {
      if (lastOf(bridge.settings, 'remote_clientid', 'clientid') === null) yield { at: bridge, what: `connection ${bridge.name} has no remote_clientid` };
    }
  },
};

const sharedClientId: Trap = {
  id: 'client-id-shared',
  severity: 'error',
  why: 'Of two connections with one client id a broker closes the older one, which comes back at once: they close each other for ever.',
  instead: 'a remote_clientid of its own for each connection',
  *find({ bridges }) {
    for (const [at, bridge] of bridges.entries()) {
      const first = bridges
        .slice(0, at)
        .find((each) => localId(each) === localId(bridge) || (remoteId(each) === remoteId(bridge) && address(each) === address(bridge)));
      if (first !== undefined)
        yield { at: bridge, what: `connection ${bridge.name} has the client id of connection ${first.name} (${first.file}:${first.line})` };
    }
  },
};

/** As mosquitto.conf(5) makes them up where they are not said. */
const remoteId = ({ settings, name }: Bridge): string => lastOf(settings, 'remote_clientid', 'clientid')?.value ?? `${name}.<host name>`;
const localId = (bridge: Bridge): string => lastOf(bridge.settings, 'local_clientid')?.value ?? `local.${remoteId(bridge)}`;
const address = ({ settings }: Bridge): string => lastOf(settings, 'address', 'addresses')?.value ?? '';

const notAutomatic: Trap = {
  id: 'start-type',
  severity: 'error',
  why: '`lazy` connects only once enough messages wait, and brings nothing in until then; `once` does not come back after the first cut.',
  instead: 'start_type automatic',
  find: whereSet(['start_type'], ({ value }) => value !== 'automatic'),
};

const constantRestart: Trap = {
  id: 'restart-constant',
  severity: 'warning',
  why: 'After an outage of the far side every site comes back in the same second.',
  instead: 'restart_timeout 5 60',
  find: whereSet(['restart_timeout'], ({ value }) => !value.includes(' ')),
};

/** Half as long again passes until a silent link counts as dead: 90 s. It is also the default. */
const keepaliveMaxS = 60;

const longKeepalive: Trap = {
  id: 'keepalive-long',
  severity: 'warning',
  why: 'A link that has silently died is noticed after one and a half times as long.',
  instead: 'keepalive_interval 30',
  find: whereSet(['keepalive_interval'], ({ value }) => Number(value) > keepaliveMaxS),
};

const noOutgoingRetain: Trap = {
  id: 'outgoing-retain',
  severity: 'error',
  why: 'Nothing is retained at the far side: whoever connects there later sees no state at all.',
  instead: 'bridge_outgoing_retain true',
  find: whereSet(['bridge_outgoing_retain'], isFalse),
};

const noUnsubscribe: Trap = {
  id: 'no-unsubscribe',
  severity: 'warning',
  why: 'A topic that was once `in` and is now `out` stays subscribed in the session at the far side, so that every message comes back.',
  instead: 'bridge_attempt_unsubscribe true; false only where the far side closes the connection over it',
  find: whereSet(['bridge_attempt_unsubscribe'], isFalse),
};

export const connectionTraps: readonly Trap[] = [
  cleanSession,
  protocol5,
  newerOption,
  notPrivate,
  farNotifications,
  noNotifications,
  defaultClientId,
  sharedClientId,
  notAutomatic,
  constantRestart,
  longKeepalive,
  noOutgoingRetain,
  noUnsubscribe,
];
