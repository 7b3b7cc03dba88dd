/**
 * The broker that the bridge opens in the place of the site's own: in this process, in memory, since everybody who writes on it writes anew.
 * Reads certificate and key at each opening, so that a new one counts; what cannot be opened is said, and tried again.
 */
import type { StandbyPort } from '../actors/bridge/ports.ts';
import type { Broker } from '../bus/broker.ts';
import type { Log } from '../bus/log.ts';
import { brokerTopics } from './broker-options.ts';
import type { Settings } from './settings.ts';
import type { StandbyListeners } from './standby-listeners.ts';
import { version } from './version.ts';

/** Whatever holds its port may let go of it; tried for as long as the standby is wanted. */
const openAgainMs = 10_000;

/** Its code is loaded when it is needed. Same logins as elsewhere. */
export function createStandby(settings: Settings, listenersOf: () => StandbyListeners, log: Log): StandbyPort {
  let broker: Broker | null = null;
  let isWanted = false;
  let timer: NodeJS.Timeout | undefined;
  const open = async (): Promise<void> => {
    try {
      const { startWithLogins } = await import('./creds/open-logins.ts');
      const opened = await startWithLogins(settings, {
        ...{ ...listenersOf(), dataDir: null, version, log },
        ...brokerTopics(settings.topicRoot),
      });
      if (isWanted) broker = opened;
      else await opened.close();
    } catch (error) {
      log.error({ err: error, port: settings.standbyPort }, 'the standby broker cannot open; trying again');
      timer = setTimeout(() => void open(), openAgainMs).unref();
    }
  };
  return {
    async open() {
      isWanted = true;
      if (broker === null) await open();
    },
    async close() {
      isWanted = false;
      clearTimeout(timer);
      const opened = broker;
      broker = null;
      await opened?.close();
    },
  };
}
