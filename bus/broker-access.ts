/**
 * Who has a login at the embedded broker, and what each of them may publish and subscribe to. Pure, but for whoever
 * implements BrokerLogins (cli/creds/broker-logins.ts).
 *
 * Rights are made from subscription filters once per list of them, and shared by all connections of a login: a publish
 * is looked up in as many steps as its topic has levels.
 */
import { FilterTree } from './broker-filter-tree.ts';
import { topicMatches } from './broker-topic-filter.ts';

/** Subscription filters with the root; what at least one of them matches is allowed. */
export interface LoginAccess {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Topics that do not begin with this level, nor with `$`, are left to it whatever the filters say: nobody declared whose they are. */
  readonly outsideOf?: string;
}

/** `mark`: what it came in with, for `isStill`; `unknown`: the login is, or its password is wrong; `busy`: too many were wrong, or are being looked at; try again later. */
export type Welcome = { readonly mark: string } | 'unknown' | 'busy';

export interface BrokerLogins {
  /** False: nobody has a login, and whoever connects is welcome under any name and may do everything. Once true it stays. */
  isAsking(): boolean;
  /** `address`: as at a connection (broker-door.ts). Answers as soon as it was looked at: whoever has to wait is told to come again. */
  admits(login: string, password: Buffer, address: string | null): Promise<Welcome>;
  /** False once its password was changed or the login taken away. */
  isStill(login: string, mark: string): boolean;
  /** The same object while nothing has changed; null: it has no role, and must not come in. */
  accessOf(login: string): LoginAccess | null;
  /** Called when any of the above may have changed. */
  onChange(listener: () => void): void;
}

export class Rights {
  private readonly reads: readonly string[];
  /** Of those that are one subtree, such as `homelab/`: most of what anybody reads, found without splitting. */
  private readonly subtrees: readonly string[];
  private readonly writes = new FilterTree();
  private readonly outsideOf: string | null;

  constructor({ reads, writes, outsideOf }: LoginAccess) {
    this.reads = reads;
    this.subtrees = reads.filter((filter) => /^[^+#]+\/#$/.test(filter)).map((filter) => filter.slice(0, -1));
    this.outsideOf = outsideOf ?? null;
    for (const filter of writes) this.writes.add(filter, 'may', 0);
  }

  mayWrite(topic: string): boolean {
    return this.isOutside(topic) || this.writes.hasMatch(topic);
  }

  mayRead(topic: string): boolean {
    for (const subtree of this.subtrees) if (topic.startsWith(subtree)) return true;
    return this.reads.some((filter) => topicMatches(filter, topic)) || this.isOutside(topic);
  }

  /** Is there a topic under this filter that it may read? */
  mayReadSome(filter: string): boolean {
    const [first = ''] = filter.split('/');
    const isOutside = this.outsideOf !== null && first !== this.outsideOf && !first.startsWith('$');
    return isOutside || this.reads.some((each) => filtersMeet(each, filter));
  }

  private isOutside(topic: string): boolean {
    const { outsideOf } = this;
    if (outsideOf === null || topic.startsWith('$')) return false;
    return !(topic.startsWith(outsideOf) && (topic.length === outsideOf.length || topic[outsideOf.length] === '/'));
  }
}

const made = new WeakMap<LoginAccess, Rights>();

export function rightsOf(access: LoginAccess): Rights {
  let rights = made.get(access);
  if (rights === undefined) {
    rights = new Rights(access);
    made.set(access, rights);
  }
  return rights;
}

/** Is there a topic that both match? (MQTT 3.1.1, 4.7) */
export function filtersMeet(one: string, other: string): boolean {
  // Wildcards do not match a first level that begins with `$` (4.7.2).
  if (one.startsWith('$') !== other.startsWith('$')) return false;
  const [left, right] = [one.split('/'), other.split('/')];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [a, b] = [left[at], right[at]];
    if (a === '#' || b === '#') return true;
    if (a === undefined || b === undefined || (a !== '+' && b !== '+' && a !== b)) return false;
  }
  return true;
}
