/**
 * One publish at a time is stored, queued and handed to the subscribers of the embedded broker; and the publisher's
 * PUBACK comes after that, not before.
 *
 * Why: aedes numbers a message, stores it (which takes longer for some than for others) and then drops at each
 * subscriber what arrives with a lower number than the last: half of an alternation of retained and plain messages is
 * lost. And it acknowledges QoS 1 before storing, so that a full disk or a kill -9 loses what was acknowledged.
 * The next publish waits for storing and queueing only, never for a subscriber: see broker-gate.ts for slow ones.
 */
import type { BrokerClient, BrokerInternals, BrokerPacket, Done } from './broker-aedes.ts';
import type { Log } from './log.ts';

interface Job {
  readonly packet: BrokerPacket;
  readonly client: BrokerClient | null;
  /** Called once: stored, queued and handed out; or failed before that. */
  readonly settled: Done;
}

const noProblem: Done = () => undefined;

export class PublishOrder {
  private readonly originalPublish: BrokerInternals['publish'];
  private readonly log: Log;
  private readonly jobs: Job[] = [];
  private head = 0;
  private current: Job | null = null;
  private pumping = false;
  /** Handled already, or to be dropped: aedes will publish them again after the PUBACK, and must not. */
  private readonly done = new WeakSet<BrokerPacket>();
  private whenIdle: (() => void)[] = [];

  constructor(broker: BrokerInternals, log: Log) {
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
      else this.enqueue({ packet, client, settled: done });
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
    this.pump();
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
    this.head += 1;
    // Taken jobs are cut off in lots: shifting a long array for each would cost its whole length.
    if (this.head >= 1_000 || this.head === this.jobs.length) {
      this.jobs.splice(0, this.head);
      this.head = 0;
    }
    return job;
  }

  private start(job: Job): void {
    this.current = job;
    this.originalPublish(job.packet, job.client, (error) => {
      if (error) this.log.error({ err: error, topic: job.packet.topic }, 'the embedded broker could not publish a message');
      this.release(job, error ?? null);
    });
  }

  /** At the hand-out, or, when that was never reached, at the end; the second call for a job is ignored. */
  private release(job: Job, error: Error | null): void {
    if (this.current !== job) return;
    this.current = null;
    job.settled(error);
    this.pump();
  }
}
