/** A bare socket to a broker, on which a test says exactly what it wants, well-formed or not; and what came back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectPacket } from './broker-fuzz-inputs.ts';
import { waitFor } from './wait.ts';

export class RawClient {
  readonly socket: Socket;
  private readonly chunks: Buffer[] = [];

  private constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.socket.emit('change');
    });
    this.socket.on('end', () => this.socket.emit('change'));
    this.socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<RawClient> {
    const client = new RawClient(port);
    await once(client.socket, 'connect');
    return client;
  }

  /** With its CONNACK, whatever that says. `flags` of the CONNECT: 2 clean, 0 persistent. */
  static async connected(port: number, clientId: string, flags = 2): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.socket.write(connectPacket(clientId, flags));
    await client.until('the CONNACK', (received) => received.length >= 4);
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get isClosed(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  async until(what: string, condition: (received: Buffer) => boolean): Promise<void> {
    await waitFor(what, () => condition(this.received), { emitter: this.socket });
  }

  async closed(): Promise<void> {
    await waitFor('the broker to close the connection', () => this.isClosed, { emitter: this.socket });
  }
}
