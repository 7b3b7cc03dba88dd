/**
 * A broker of this process with the logins of this machine, and what each may do: knows who comes, and hears of it when the files change.
 * Where nobody has a login nobody is asked, until somebody has one; nothing needs to be started again, and nothing opens it again.
 *
 * Looks at `logins.yaml` each second. Rejects as `startBroker` does, and with a UsageError for a file of logins that cannot be used.
 */
import { stampOf } from '../../adapters/logins/file-stamp.ts';
import { type Broker, type BrokerOptions, startBroker } from '../../bus/broker.ts';
import type { BrokerLogins } from '../../bus/broker-access.ts';
import { systemClock } from '../../bus/clock.ts';
import type { Log } from '../../bus/log.ts';
import type { Settings } from '../settings.ts';
import { BrokerAccess } from './broker-access.ts';
import { KnownLogins } from './broker-logins.ts';
import { asUsage } from './needs-login.ts';

/** A stat costs microseconds, and works where a mounted file sends no notice; whoever was revoked is gone within a second. */
const lookEveryMs = 1_000;

export interface BrokerWithLogins extends Broker {
  /** Whoever connects needs a login. */
  isAsking(): boolean;
}

export async function startWithLogins(settings: Settings, options: BrokerOptions): Promise<BrokerWithLogins> {
  const logins = await OpenLogins.open(settings, options.log);
  try {
    const broker = await startBroker({ ...options, logins: logins.forBroker, watched: logins.watched });
    const close = async (): Promise<void> => {
      logins.close();
      await broker.close();
    };
    return { ...broker, close, isAsking: () => logins.forBroker.isAsking() };
  } catch (error) {
    logins.close();
    throw error;
  }
}

class OpenLogins {
  readonly forBroker: BrokerLogins;
  readonly watched: NonNullable<BrokerOptions['watched']>;
  private readonly file: string;
  private readonly log: Log;
  private readonly known: KnownLogins;
  private readonly access: BrokerAccess;
  private readonly timer: NodeJS.Timeout;
  private stamp: string;
  private isAsking = false;

  private constructor(settings: Settings, log: Log) {
    const { loginsFile: file, passwords: clear, mintedLogins: minted } = settings;
    this.file = file;
    this.log = log;
    // Before it is read: what is written in between is seen at the first look.
    this.stamp = stampOf(file);
    this.known = asUsage(() => new KnownLogins({ clear, minted, file, clock: systemClock, log }));
    const { known } = this;
    const access = new BrokerAccess({ settings, logins: () => known.names, log, clock: systemClock });
    this.access = access;
    this.forBroker = {
      isAsking: () => this.isAsking,
      admits: (login, password, address) => known.admits(login, password, address),
      isStill: (login, mark) => known.isStill(login, mark),
      accessOf: (login) => access.accessOf(login),
      onChange: (listener) => {
        access.onChange(listener);
      },
    };
    this.watched = {
      filter: access.filter,
      onRetained: (topic, payload) => {
        access.onRetained(topic, payload);
      },
    };
    this.timer = setInterval(() => {
      this.look();
    }, lookEveryMs);
    this.timer.unref();
  }

  static async open(settings: Settings, log: Log): Promise<OpenLogins> {
    const logins = new OpenLogins(settings, log);
    try {
      // A container with nothing but an open broker has no use for what the files say.
      if (logins.known.isAsking) await logins.access.read();
      logins.isAsking = logins.known.isAsking;
      return logins;
    } catch (error) {
      logins.close();
      throw error;
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.access.close();
  }

  private look(): void {
    const stamp = stampOf(this.file);
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    const hadOthers = this.known.hasOthers;
    const isRead = this.known.readAgain();
    if (this.known.isAsking && !this.isAsking) this.beginAsking();
    else if (isRead) this.access.changed();
    if (hadOthers && !this.known.hasOthers)
      this.log.warn(
        { file: this.file },
        'nobody has a login any more; this broker goes on asking for one, and lets in only the actors of its own process (homelab creds add)',
      );
  }

  /** What each may do first, so that those who have a login already do not lose what they may write for a moment. */
  private beginAsking(): void {
    const begin = (): void => {
      this.isAsking = true;
      this.access.changed();
    };
    this.access.read().then(begin, (error: unknown) => {
      this.log.error({ err: error }, 'what logins may do could not be read; the desired documents count instead');
      begin();
    });
  }
}
