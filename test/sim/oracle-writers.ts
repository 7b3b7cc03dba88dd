/** Checks every publish: each topic has its one writer, `rev` grows within a session, nothing but documents is retained. */
import type { DocumentHead } from '../../contracts/common.ts';
import { findTopic } from '../../contracts/topics.ts';
import type { Breach } from './rules.ts';
import { isBrought, type Territory, writingProblem } from './territory.ts';

interface Written {
  readonly login: string;
  readonly session: number;
  readonly rev: number;
}

export class WriterOracle {
  private readonly breach: Breach;
  private readonly territory: Territory;
  private readonly written = new Map<string, Written>();

  constructor(breach: Breach, territory: Territory) {
    this.breach = breach;
    this.territory = territory;
  }

  onPublish(login: string, topic: string, doc: Partial<DocumentHead> | null, retain: boolean): void {
    const found = findTopic(topic);
    if (found === null) {
      this.breach('one-writer', `${login} publishes on ${topic}, which is not in the table of topics`);
      return;
    }
    const problem = writingProblem(this.territory, login, found);
    const complain = (): void => this.breach('one-writer', `${login} writes ${topic} on the broker of ${this.territory.site}, ${problem}`);
    if (!found.row.retained) {
      // Clearing what somebody else retained there is the ledger's duty.
      if (retain && doc !== null) this.breach('nothing-retained-on-requests', `${login} retains ${topic}`);
      if (!(retain && doc === null) && problem !== null) complain();
      return;
    }
    if (!retain) this.breach('one-writer', `${login} publishes ${topic} without retaining it`);
    if (problem !== null) complain();
    if (doc !== null) this.onDocument(login, topic, doc, isBrought(this.territory, found));
  }

  /** `isCopy`: what got lost with a broker's memory, or on a dead link, is brought again as it was. */
  private onDocument(login: string, topic: string, head: Partial<DocumentHead>, isCopy: boolean): void {
    // What a will said is copied too: the last word of its session.
    const { session = -1, rev = isCopy ? Number.POSITIVE_INFINITY : -1 } = head;
    const last = this.written.get(topic);
    this.written.set(topic, { login, session, rev });
    if (last === undefined) return;
    if (last.login !== login) this.breach('one-writer', `${topic} was written by ${last.login}, now by ${login}`);
    const grows = session > last.session || (session === last.session && (isCopy ? rev >= last.rev : rev > last.rev));
    if (!grows) this.breach('rev-monotonic', `${login} writes ${topic} with (${session}, ${rev}) after (${last.session}, ${last.rev})`);
  }
}
