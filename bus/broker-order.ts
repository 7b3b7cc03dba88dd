/**
 * One publish at a time is stored, queued and handed to the subscribers of the embedded broker; and the publisher's
 * PUBACK comes after that, not before.
 *
 * Why: aedes numbers a message, stores it (which takes longer for some than for others) and then drops at each
 * subscriber what arrives with a lower number than the last: half of an alternation of retained and plain messages is
 * lost. And it acknowledges QoS 1 before storing, so that a full disk or a kill -9 loses what was acknowledged.
 * The next publish waits for storing and queueing only, never for a subscriber: see broker-gate.ts for slow ones.
 *
 * Retained messages that wait for their turn are written meanwhile, in the same order, where there is room for them for
 * certain: one by one 100,000 of them took 8 s. Nothing else is done before its turn.
 */
import type { BrokerClient, BrokerInternals, BrokerPacket, Done } from './broker-aedes.ts';
import type { Log } from './log.ts';

/** Where retained messages are kept (broker-retention.ts). */
export interface Retention {
  /** Whether it fits for certain, beside what is kept and so much more that is not kept yet. */
  hasRoom(packet: BrokerPacket, beside: Backlog): boolean;
  /** The same at its turn, to the last message; a refusal is counted and reported. */
  admits(packet: BrokerPacket): boolean;
  /** Resolves when it is written; null: it need not be. Called in order. */
  write(packet: BrokerPacket): Promise<void> | null;
}

export interface Backlog {
  readonly messages: number;
  readonly bytes: number;
}

interface Job {
  readonly packet: BrokerPacket;
  readonly client: BrokerClient | null;
  /** Called once: stored, queued and handed out; or failed before that. */
  readonly settled: Done;
  /** null: there is nothing to write, or it was not begun. */
  written: Promise<void> | null;
  /** In the backlog, until it is kept. */
  isCounted: boolean;
}

const bytesOf = ({ packet }: Job): number => packet.topic.length + packet.payload.length;

const noProblem: Done = () => undefined;

export class PublishOrder {
  private readonly originalPublish: BrokerInternals['publish'];
  private readonly retention: Retention;
  private readonly log: Log;
  private readonly jobs: Job[] = [];
  private head = 0;
  /** The first job of which nothing is written yet; all before it need no writing, or it was begun. */
  private ahead = 0;
  private readonly backlog = { messages: 0, bytes: 0 };
  private current: Job | null = null;
  private pumping = false;
  /** Handled already, or to be dropped: aedes will publish them again after the PUBACK, and must not. */
  private readonly done = new WeakSet<BrokerPacket>();
  private whenIdle: (() => void)[] = [];

  constructor(broker: BrokerInternals, retention: Retention, log: Log) {
    this.retention = retention;
    this.log = log;
    this.originalPublish = broker.publish.bind(broker);
    const emit = broker.mq.emit.bind(broker.mq);
    broker.mq.emit = (packet, done) => {
      const job = this.current;
      const result = emit(packet, done);
      if (job !== null) this.release(job, null);
      return result;
    };
    broker.publish = (packet, second, third) => {
      const client = typeof second === 'function' ? null : second;
      const done = (typeof second === 'function' ? second : third) ?? noProblem;
      if (this.done.delete(packet)) done();
      else this.enqueue({ packet, client, settled: done, written: null, isCounted: false });
    };
  }

  /** For a QoS 1 publish before its PUBACK: `stored` may send it. */
  publishEarly(packet: BrokerPacket, client: BrokerClient, stored: Done): void {
    this.enqueue({
      packet,
      client,
      settled: (error) => {
        if (!error) this.done.add(packet);
        stored(error);
      },
      written: null,
      isCounted: false,
    });
  }

  /** Acknowledges without publishing: an error would close the connection, and the client would send it again for ever. */
  drop(packet: BrokerPacket): void {
    this.done.add(packet);
  }

  /** Resolves when everything accepted so far is stored. */
  idle(): Promise<void> {
    if (this.current === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.whenIdle.push(resolve);
    });
  }

  private enqueue(job: Job): void {
    this.jobs.push(job);
    if (this.current !== null) this.writeAhead();
    this.pump();
  }

  /** In order, and never past a message that must wait for its turn: of two on one topic the later one must be written last. */
  private writeAhead(): void {
    for (let job = this.jobs[this.ahead]; job !== undefined; job = this.jobs[this.ahead]) {
      if (job.packet.retain) {
        if (!this.retention.hasRoom(job.packet, this.backlog)) return;
        this.write(job);
      }
      this.ahead += 1;
    }
  }

  private write(job: Job): void {
    job.written = this.retention.write(job.packet);
    // Reported at its turn.
    job.written?.catch(() => undefined);
    job.isCounted = true;
    this.backlog.messages += 1;
    this.backlog.bytes += bytesOf(job);
  }

  /** A loop, not a call from `release`: plain QoS 0 publishes settle in the same turn, and thousands may wait. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    for (let job = this.take(); job !== null; job = this.take()) this.start(job);
    this.pumping = false;
    if (this.current === null) for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private take(): Job | null {
    if (this.current !== null) return null;
    const job = this.jobs[this.head];
    if (job === undefined) return null;
    const isBegun = this.head < this.ahead;
    this.head += 1;
    this.ahead = Math.max(this.ahead, this.head);
    if (job.packet.retain && !isBegun) {
      if (this.retention.admits(job.packet)) this.write(job);
      else job.packet.retain = false;
    }
    // Taken jobs are cut off in lots: shifting a long array for each would cost its whole length.
    if (this.head >= 1_000 || this.head === this.jobs.length) {
      this.jobs.splice(0, this.head);
      this.ahead -= this.head;
      this.head = 0;
    }
    return job;
  }

  private start(job: Job): void {
    this.current = job;
    this.writeAhead();
    if (job.written === null) this.publish(job);
    else
      job.written.then(
        () => this.publish(job),
        (error: unknown) => this.fail(job, error as Error),
      );
  }

  private publish(job: Job): void {
    this.originalPublish(job.packet, job.client, (error) => {
      if (error) this.fail(job, error);
      else this.release(job, null);
    });
  }

  private fail(job: Job, error: Error): void {
    this.log.error({ err: error, topic: job.packet.topic }, 'the embedded broker could not publish a message');
    this.release(job, error);
  }

  /** At the hand-out, or, when that was never reached, at the end; the second call for a job is ignored. */
  private release(job: Job, error: Error | null): void {
    if (this.current !== job) return;
    this.current = null;
    if (job.isCounted) {
      this.backlog.messages -= 1;
      this.backlog.bytes -= bytesOf(job);
    }
    job.settled(error);
    this.pump();
  }
}
