/** A short visit to the broker for commands that ask or say something: read what is retained, listen, publish. */
import { randomUUID } from 'node:crypto';
import { DeadlineError, systemClock, withDeadline } from '../bus/clock.ts';
import { checkPayload } from '../bus/edge.ts';
import { type Incoming, type Link, LinkClosedError } from '../bus/link.ts';
import { silentLog } from '../bus/log.ts';
import { ConnectionRefusedError, SubscriptionRefusedError } from '../bus/mqtt-link.ts';
import type { PayloadOf, Topic } from '../contracts/topic.ts';
import { findTopic, topics } from '../contracts/topics.ts';
import { transportTo } from './broker-transport.ts';
import { UntrustedBrokerError } from './broker-trust.ts';
import { exitCodes } from './output.ts';
import type { Settings } from './settings.ts';

const connectTimeoutMs = 5_000;
const readTimeoutMs = 10_000;

/** The broker cannot be reached, or nobody answered; exit code 3. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly exitCode = exitCodes.unavailable;
}

/** The brokers to use: those that are set, else the one that `homelab up` runs on this machine. */
export const brokerUrlsOf = ({ brokerUrls, brokerPort }: Pick<Settings, 'brokerUrls' | 'brokerPort'>): readonly string[] =>
  brokerUrls ?? [`mqtt://127.0.0.1:${brokerPort}`];

export class Visit {
  private readonly link: Link;
  private readonly settings: Settings;
  private listener: (relative: string, message: Incoming) => void = () => undefined;
  /** Why the connection ended; resolves once. */
  readonly ended: Promise<Error | null>;

  private constructor(link: Link, settings: Settings, ended: Promise<Error | null>) {
    this.link = link;
    this.settings = settings;
    this.ended = ended;
  }

  static async open(settings: Settings): Promise<Visit> {
    const transport = transportTo(settings, brokerUrlsOf(settings), silentLog);
    const password = settings.passwords[settings.login];
    let visit: Visit | null = null;
    let onEnd: (reason: Error | null) => void = () => undefined;
    const ended = new Promise<Error | null>((resolve) => (onEnd = resolve));
    const prefix = `${settings.topicRoot}/`;
    try {
      const link = await transport.connect(
        {
          clientId: `${settings.topicRoot}-cli-${randomUUID().slice(0, 8)}`,
          clean: true,
          username: settings.login,
          ...(password === undefined ? {} : { password }),
          keepaliveS: 30,
          connectTimeoutMs,
        },
        {
          onMessage: (message) => {
            if (message.topic.startsWith(prefix)) visit?.listener(message.topic.slice(prefix.length), message);
          },
          onClose: onEnd,
        },
      );
      visit = new Visit(link, settings, ended);
      return visit;
    } catch (error) {
      // It is there; what to do is in its own words.
      if (error instanceof UntrustedBrokerError) throw new UnavailableError(`cannot trust the broker at ${error.message}`, { cause: error });
      // Bad user name or password, not authorised (MQTT 3.1.1, table 3.1): since the first login, perhaps.
      if (error instanceof ConnectionRefusedError && (error.code === 4 || error.code === 5)) {
        const why = password === undefined ? `none is known for ${settings.login}` : `that of ${settings.login} is not taken`;
        throw new UnavailableError(
          `the broker at ${transport.description} asks for a password, and ${why}: HOMELAB_LOGIN says who you are, HOMELAB_CREDENTIALS names a file with a line "${settings.login}: <password>" (docs/access.md)`,
        );
      }
      throw new UnavailableError(
        `cannot reach the broker at ${transport.description}: ${error instanceof Error ? error.message : String(error)}. Start one with "homelab up", or set HOMELAB_BROKER_URL.`,
      );
    }
  }

  /** Calls back for every message under the filters (without the root), stored ones first; resolves when those have all come. */
  async listen(filters: readonly string[], onMessage: (relative: string, message: Incoming) => void): Promise<void> {
    const own = topics.probe.build({ login: this.settings.login });
    const nonce = randomUUID();
    const synced = new Promise<void>((resolve) => {
      this.listener = (relative, message) => {
        if (relative !== own) onMessage(relative, message);
        else if (message.payload.toString('utf8').includes(nonce)) resolve();
      };
    });
    await this.subscribe([...filters, own]);
    await this.publish(own, JSON.stringify({ nonce }));
    await withDeadline(systemClock, readTimeoutMs, 'reading from the broker', synced);
  }

  private async subscribe(filters: readonly string[]): Promise<void> {
    const { login, topicRoot } = this.settings;
    try {
      await this.link.subscribe(filters.map((filter) => `${topicRoot}/${filter}`));
    } catch (error) {
      if (!(error instanceof SubscriptionRefusedError)) throw error;
      // Everybody who has a role reads everything below the root (docs/access.md).
      throw new UnavailableError(
        `the broker knows ${login} and lets it read nothing, because it has no role: inventory/access.yaml does not name it, and nor does access.yaml of the data directory. An operator writes a line "${login}: reader" (or operator) there, on the broker's machine (docs/access.md)`,
        { cause: error },
      );
    }
  }

  /** The retained documents of one row now; what does not fit its contract, or is gone, is left out. */
  async documents<T extends Topic>(topic: T): Promise<readonly PayloadOf<T>[]> {
    const docs: PayloadOf<T>[] = [];
    await this.listen([topic.filter()], (relative, message) => {
      const found = findTopic(relative);
      if (found === null || message.payload.length === 0 || !message.retained) return;
      const checked = checkPayload(found, message.payload);
      if (checked.ok && (checked.value as { status?: string }).status !== 'gone') docs.push(checked.value as PayloadOf<T>);
    });
    return docs;
  }

  async publish(relative: string, payload: string): Promise<void> {
    await this.link.publish(`${this.settings.topicRoot}/${relative}`, payload, { retain: false });
  }

  async close(): Promise<void> {
    await this.link.close();
  }
}

/** Opens a visit, hands it over, and closes it whatever happens. */
export async function visit<T>(settings: Settings, use: (visit: Visit) => Promise<T>): Promise<T> {
  const open = await Visit.open(settings);
  try {
    return await use(open);
  } catch (error) {
    // It went away, or hung, in the middle of the visit: no bug of ours.
    if (!(error instanceof LinkClosedError || error instanceof DeadlineError)) throw error;
    throw new UnavailableError(`the broker stopped answering: ${error.message}. What is wrong: homelab doctor`, { cause: error });
  } finally {
    await open.close();
  }
}
