/** Checks every publish: each topic has its one writer, `rev` grows within a session, nothing but documents is retained. */
import type { DocumentHead } from '../../contracts/common.ts';
import { findTopic } from '../../contracts/topics.ts';
import type { Breach } from './rules.ts';

interface Written {
  readonly login: string;
  readonly session: number;
  readonly rev: number;
}

export class WriterOracle {
  private readonly breach: Breach;
  private readonly written = new Map<string, Written>();

  constructor(breach: Breach) {
    this.breach = breach;
  }

  onPublish(login: string, topic: string, doc: Partial<DocumentHead> | null, retain: boolean): void {
    const found = findTopic(topic);
    if (found === null) {
      this.breach('one-writer', `${login} publishes on ${topic}, which is not in the table of topics`);
      return;
    }
    if (!found.row.retained) {
      // Clearing what somebody else retained there is the ledger's duty.
      if (retain && doc !== null) this.breach('nothing-retained-on-requests', `${login} retains ${topic}`);
      if (!(retain && doc === null) && !speaksFor(login, found.row.owner, found.levels))
        this.breach('one-writer', `${login} publishes on ${topic}, which belongs to ${found.row.owner}`);
      return;
    }
    if (!retain) this.breach('one-writer', `${login} publishes ${topic} without retaining it`);
    if (!speaksFor(login, found.row.owner, found.levels)) this.breach('one-writer', `${login} writes ${topic}, which belongs to ${found.row.owner}`);
    if (doc !== null) this.onDocument(login, topic, doc);
  }

  private onDocument(login: string, topic: string, { session = -1, rev = -1 }: Partial<DocumentHead>): void {
    const last = this.written.get(topic);
    this.written.set(topic, { login, session, rev });
    if (last === undefined) return;
    if (last.login !== login) this.breach('one-writer', `${topic} was written by ${last.login}, now by ${login}`);
    const grows = session > last.session || (session === last.session && rev > last.rev);
    if (!grows) this.breach('rev-monotonic', `${login} writes ${topic} with (${session}, ${rev}) after (${last.session}, ${last.rev})`);
  }
}

/** Is this login the owner, as a row of the table of topics names it? */
function speaksFor(login: string, owner: string, levels: Readonly<Record<string, string>>): boolean {
  switch (owner) {
    case 'that actor':
      return login === `${levels['actor']}-${levels['node']}`;
    case 'that requester':
      return login === levels['requester'];
    case 'that login':
      return login === levels['login'];
    case 'agents of that node':
      return login.endsWith(`-${levels['node']}`);
    case 'node-agent':
      return login === `node-agent-${levels['node']}`;
    default:
      return login.startsWith(`${owner}-`);
  }
}
