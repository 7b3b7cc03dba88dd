/**
 * The network of one machine in virtual time. While it is cut nothing passes and nobody is told: the broker notices when the
 * keep-alive runs out and publishes the wills, and the machine's own side sees its connections end then.
 */
import { type Clock, delay } from '../../bus/clock.ts';
import { type Link, LinkClosedError, type LinkHandlers, type LinkOptions, type Transport } from '../../bus/link.ts';

/** [MQTT-3.1.2-24]: one and a half times the keep-alive. */
const keepalivesMissed = 1.5;

export class Cable {
  private readonly clock: Clock;
  /** The broker's end of a connection goes away: its will is published. */
  private readonly disconnect: (clientId: string) => void;
  private readonly plugs = new Set<Plug>();
  private isCut = false;

  constructor(options: { readonly clock: Clock; readonly disconnect: (clientId: string) => void }) {
    this.clock = options.clock;
    this.disconnect = options.disconnect;
  }

  get isPlugged(): boolean {
    return !this.isCut;
  }

  cut(): void {
    this.isCut = true;
    for (const plug of this.plugs) {
      plug.isDead = true;
      this.clock.setTimeout(() => this.disconnect(plug.clientId), plug.keepaliveS * 1000 * keepalivesMissed);
    }
  }

  mend(): void {
    this.isCut = false;
  }

  /** The same transport through this cable. */
  wire(transport: Transport): Transport {
    return {
      description: transport.description,
      connect: async (options, handlers) => {
        if (this.isCut) {
          await delay(this.clock, options.connectTimeoutMs);
          throw new LinkClosedError('no way to the broker');
        }
        const plug = new Plug(options, handlers, () => this.plugs.delete(plug));
        this.plugs.add(plug);
        plug.link = await transport.connect(options, {
          onMessage: (message) => {
            if (!plug.isDead) handlers.onMessage(message);
          },
          onClose: (reason) => {
            plug.end(reason);
          },
        });
        return plug;
      },
    };
  }
}

/** One connection, as the machine has it. */
class Plug implements Link {
  readonly clientId: string;
  readonly keepaliveS: number;
  link: Link | null = null;
  isDead = false;
  private isOver = false;
  private readonly handlers: LinkHandlers;
  private readonly onEnd: () => void;
  private fail: (error: Error) => void = () => undefined;
  /** What is sent into a dead connection is never acknowledged; it fails when the connection ends. */
  private readonly swallowed = new Promise<never>((_, reject) => (this.fail = reject));

  constructor({ clientId, keepaliveS }: LinkOptions, handlers: LinkHandlers, onEnd: () => void) {
    this.clientId = clientId;
    this.keepaliveS = keepaliveS;
    this.handlers = handlers;
    this.onEnd = onEnd;
    this.swallowed.catch(() => undefined);
  }

  publish(...args: Parameters<Link['publish']>): Promise<void> {
    return this.isDead || this.link === null ? this.swallowed : this.link.publish(...args);
  }

  subscribe(filters: readonly string[]): Promise<void> {
    return this.isDead || this.link === null ? this.swallowed : this.link.subscribe(filters);
  }

  unsubscribe(filters: readonly string[]): Promise<void> {
    return this.isDead || this.link === null ? this.swallowed : this.link.unsubscribe(filters);
  }

  /** The goodbye of a machine without a network reaches nobody: the broker waits for its keep-alive all the same. */
  async close(options?: { readonly abrupt?: boolean }): Promise<void> {
    if (this.isDead || this.link === null) this.end(null);
    else await this.link.close(options);
  }

  end(reason: Error | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onEnd();
    this.fail(new LinkClosedError('the connection is closed'));
    this.handlers.onClose(reason);
  }
}
