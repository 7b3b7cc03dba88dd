/** A broker of this process with the logins of this machine, and what each may do: knows who comes, and hears of it when the files change. */
import { unwatchFile, watchFile } from 'node:fs';
import { type Broker, type BrokerOptions, startBroker } from '../../bus/broker.ts';
import { systemClock } from '../../bus/clock.ts';
import type { Log } from '../../bus/log.ts';
import type { Settings } from '../settings.ts';
import { BrokerAccess } from './broker-access.ts';
import { KnownLogins } from './broker-logins.ts';
import { asUsage, hasLogins } from './has-logins.ts';

/** A stat costs microseconds, and works where a mounted file sends no notice; whoever was revoked is gone within a second. */
const lookEveryMs = 1_000;

interface OpenLogins {
  readonly access: Pick<BrokerOptions, 'logins' | 'watched'>;
  close(): void;
}

/** Where nobody has a login, nobody is asked. Rejects as `startBroker` does, and with a UsageError for a file of logins that cannot be used. */
export async function startWithLogins(settings: Settings, options: BrokerOptions): Promise<Broker> {
  if (!hasLogins(settings)) return startBroker(options);
  const open = await openLogins(settings, options.log);
  try {
    const broker = await startBroker({ ...options, ...open.access });
    const close = async (): Promise<void> => {
      open.close();
      await broker.close();
    };
    return { ...broker, close };
  } catch (error) {
    open.close();
    throw error;
  }
}

async function openLogins(settings: Settings, log: Log): Promise<OpenLogins> {
  const { loginsFile: file, passwords: clear } = settings;
  const known = asUsage(() => new KnownLogins({ clear, file, clock: systemClock, log }));
  const access = await BrokerAccess.open({ settings, logins: () => known.names, log, clock: systemClock });
  const look = (): void => {
    if (known.readAgain()) access.changed();
  };
  watchFile(file, { interval: lookEveryMs, persistent: false }, look);
  return {
    access: {
      logins: {
        admits: (login, password) => known.admits(login, password),
        isStill: (login, mark) => known.isStill(login, mark),
        accessOf: (login) => access.accessOf(login),
        onChange: (listener) => {
          access.onChange(listener);
        },
      },
      watched: {
        filter: access.filter,
        onRetained: (topic, payload) => {
          access.onRetained(topic, payload);
        },
      },
    },
    close: () => {
      unwatchFile(file, look);
      access.close();
    },
  };
}
