/** A TCP server that speaks just enough MQTT to misbehave on purpose: it answers a CONNECT as told, and nothing else. */
import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface Script {
  /** CONNACK return code of the n-th connection (from 0), or null for no answer at all. */
  readonly returnCode?: (connection: number) => number | null;
  /** Bytes that follow the CONNACK in the same write. */
  readonly afterConnack?: Buffer;
}

export class ScriptedBroker extends EventEmitter {
  /** Everything each connection has sent. */
  readonly received: Buffer[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(script: Script) {
    super();
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const at = this.received.length;
      this.received.push(Buffer.alloc(0));
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        const before = this.received[at] ?? Buffer.alloc(0);
        this.received[at] = Buffer.concat([before, chunk]);
        const returnCode = (script.returnCode ?? (() => 0))(at);
        if (before.length === 0 && returnCode !== null) {
          const afterwards = returnCode === 0 ? (script.afterConnack ?? Buffer.alloc(0)) : Buffer.alloc(0);
          socket.write(Buffer.concat([Buffer.from([0x20, 2, 0, returnCode]), afterwards]));
        }
        this.emit('change');
      });
    });
  }

  static async start(script: Script = {}): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(script);
    broker.server.listen(0, '127.0.0.1');
    await once(broker.server, 'listening');
    return broker;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
