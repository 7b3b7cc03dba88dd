/**
 * How many wrong logins there were, and who has to wait for the next one, for the page and for the built-in broker. As OWASP's "device cookies":
 * whoever knows a login name must not be able to keep its owner out, nor to guess for ever. Pure.
 *
 * Who is known by more than its address is counted by itself alone: a browser that was logged in before, a program on the broker's own machine. Everybody else is counted by login and address, by address,
 * and by login over all addresses together: there they get turns, one after the other, so that a new browser waits and is not shut out. An attempt
 * counts from its beginning and is given back when it was right, so that many at once count as many. Remembers in memory only.
 *
 * The most that anybody can guess in a day, of one login: (24 h + turnKeptMs) / turnEveryMs + turnsAtOnce = 2,193 from all addresses together, and
 * (24 h / attemptsWindowMs) * perKnownMax = 480 with each cookie that was stolen. A password of ten letters that is on no list has 1.4e14
 * others; the ones that `homelab creds add` makes have 144 bits.
 */
/** Within this time. 15 min: as long as a person who forgot a password can be made to wait. */
export const attemptsWindowMs = 15 * 60_000;
/** Wrong ones for one login from one address: what a person tries before looking it up. */
export const perLoginMax = 5;
/** Wrong ones from one address, whatever the login: a household behind one address mistypes less. */
export const perAddressMax = 20;
/** Wrong ones of one that is known, for its login. */
export const perKnownMax = 5;
/** Wrong ones for one login from everywhere before those that come wait for turns: two addresses that have used theirs up. */
export const turnsAtOnce = 10;
/** From one turn of a login to the next: 90 in an hour, below the 100 of OWASP's ASVS 4.0.3, 2.2.1. */
export const turnEveryMs = 40_000;
/** Whoever was told when his turn is may come so much later: a person looks away. */
const turnKeptMs = attemptsWindowMs;
/** Addresses that wait for a turn of one login; with so many the wait is 5.5 h. Only who attacks from more networks than that shuts a new browser out. */
const waitingMax = 500;
/** Keys remembered; beyond it the oldest are forgotten. Two for each attempt. Whoever has more addresses than that is still held by the turns. */
const keysMax = 10_000;
/** Logins whose turns are remembered: more than a household has. Those that there are go last. */
const loginsMax = 1_000;

export interface Attempt {
  readonly login: string;
  /** There is such a login: what is remembered of it is not pushed out by names that somebody made up. */
  readonly isThere: boolean;
  readonly address: string;
  /** What it is known by, together with this login: the cookie of a browser that was logged in with it before. null: by nothing. */
  readonly known: string | null;
}

export interface Attempts {
  /** null: may be tried, and is counted. A number: seconds after which it may be tried again. */
  readonly begin: (attempt: Attempt, nowMs: number) => number | null;
  /** It was right: what was wrong before from there for this login is forgotten, and the attempt itself everywhere. */
  readonly succeeded: (attempt: Attempt) => void;
}

interface Turns {
  isThere: boolean;
  /** When the next one is. In the past: some are left over. */
  nextMs: number;
  /** By address, of those that were told to wait. */
  readonly waiting: Map<string, number>;
}

export function createAttempts(): Attempts {
  const counts = new Counts();
  const turns = new Map<string, Turns>();
  const turnsOf = ({ login, isThere }: Attempt, nowMs: number): Turns => {
    const own = turns.get(login) ?? { isThere, nextMs: 0, waiting: new Map<string, number>() };
    own.isThere = isThere;
    own.nextMs = Math.max(own.nextMs, nowMs - (turnsAtOnce - 1) * turnEveryMs);
    turns.delete(login);
    turns.set(login, own);
    if (turns.size > loginsMax) turns.delete([...turns].find(([, each]) => !each.isThere)?.[0] ?? '');
    return own;
  };
  return {
    begin: (attempt, nowMs) => {
      const limits = limitsOf(attempt);
      for (const { key, max } of limits) {
        const waitMs = counts.waitMs(key, max, nowMs);
        if (waitMs > 0) return secondsOf(waitMs);
      }
      if (attempt.known === null) {
        const waitMs = takeTurn(turnsOf(attempt, nowMs), networkOf(attempt.address), nowMs);
        if (waitMs > 0) return secondsOf(waitMs);
      }
      for (const { key } of limits) counts.add(key, nowMs);
      return null;
    },
    succeeded: (attempt) => {
      const [own, shared] = limitsOf(attempt);
      if (own !== undefined) counts.forget(own.key);
      if (shared !== undefined) counts.giveBack(shared.key);
      const taken = turns.get(attempt.login);
      if (attempt.known === null && taken !== undefined) taken.nextMs -= turnEveryMs;
    },
  };
}

/** Its own first. */
function limitsOf({ login, address, known }: Attempt): readonly { readonly key: string; readonly max: number }[] {
  if (known !== null) return [{ key: `known ${known}`, max: perKnownMax }];
  const network = networkOf(address);
  return [
    { key: `login ${network} ${login}`, max: perLoginMax },
    { key: `address ${network}`, max: perAddressMax },
  ];
}

/** 0: now. Milliseconds: one is kept for it then. */
function takeTurn(turns: Turns, network: string, nowMs: number): number {
  const { waiting } = turns;
  for (const [each, atMs] of waiting) if (nowMs - atMs > turnKeptMs) waiting.delete(each);
  const kept = waiting.get(network);
  if (kept !== undefined) {
    if (kept > nowMs) return kept - nowMs;
    waiting.delete(network);
    return 0;
  }
  if (turns.nextMs > nowMs) {
    if (waiting.size >= waitingMax) return turns.nextMs - nowMs;
    waiting.set(network, turns.nextMs);
  }
  const waitMs = Math.max(0, turns.nextMs - nowMs);
  turns.nextMs += turnEveryMs;
  return waitMs;
}

/** An IPv6 address as its /64: that is what one household, or one rented machine, has all of. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  if (/^::ffff:\d+\./i.test(address)) return address.slice('::ffff:'.length);
  const [head = '', tail] = address.split('%')[0]?.toLowerCase().split('::') ?? [];
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const front = groups(head);
  const back = groups(tail ?? '');
  const all = tail === undefined ? front : [...front, ...Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0'), ...back];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** When something was tried, by key, within the window. */
class Counts {
  private readonly times = new Map<string, number[]>();

  /** 0: fewer than `max`. */
  waitMs(key: string, max: number, nowMs: number): number {
    const kept = (this.times.get(key) ?? []).filter((at) => nowMs - at < attemptsWindowMs);
    this.times.delete(key);
    if (kept.length > 0) this.times.set(key, kept);
    const oldest = kept[kept.length - max];
    return oldest === undefined ? 0 : oldest + attemptsWindowMs - nowMs;
  }

  add(key: string, nowMs: number): void {
    this.times.set(key, [...(this.times.get(key) ?? []), nowMs]);
    const [oldest] = this.times.keys();
    if (this.times.size > keysMax && oldest !== undefined) this.times.delete(oldest);
  }

  forget(key: string): void {
    this.times.delete(key);
  }

  giveBack(key: string): void {
    this.times.get(key)?.pop();
  }
}
