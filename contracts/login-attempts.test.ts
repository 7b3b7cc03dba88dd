/** Wrong logins: what an attacker can make of them, from one address and from thousands, and what he cannot do to others. */
import { describe, expect, it } from 'vitest';
import { type Attempt, attemptsWindowMs, createAttempts, perAddressMax, perKnownMax, perLoginMax, turnEveryMs, turnsAtOnce } from './login-attempts.ts';

const startMs = Date.parse('2026-03-01T12:00:00Z');
const dayMs = 24 * 3_600_000;
const of = (address: string, more: Partial<Attempt> = {}): Attempt => ({ login: 'anna', isThere: true, address, known: null, ...more });
const address = (n: number): string => `198.51.${Math.floor(n / 250)}.${n % 250}`;

/** Goes through time as everybody wants, until all are done: who is told to wait comes again then. */
function guessesOf(attempts: ReturnType<typeof createAttempts>, who: readonly Attempt[], untilMs: number): number {
  let guesses = 0;
  const due = who.map((attempt) => ({ attempt, atMs: startMs }));
  for (;;) {
    due.sort((one, other) => one.atMs - other.atMs);
    const [next] = due;
    if (next === undefined || next.atMs >= untilMs) return guesses;
    const waitS = attempts.begin(next.attempt, next.atMs);
    if (waitS === null) guesses += 1;
    else next.atMs += waitS * 1000;
  }
}

describe('whoever guesses the password of a login', () => {
  it.each([
    ['one address', 1, (dayMs / attemptsWindowMs) * perLoginMax],
    ['three addresses', 3, 3 * (dayMs / attemptsWindowMs) * perLoginMax],
    ['300 addresses', 300, (dayMs + attemptsWindowMs) / turnEveryMs + turnsAtOnce],
    ['700 addresses', 700, (dayMs + attemptsWindowMs) / turnEveryMs + turnsAtOnce],
  ])('has a few hundred or thousand guesses in a day, from %s', (_from, count, most) => {
    const guesses = guessesOf(
      createAttempts(),
      Array.from({ length: count }, (_, n) => of(address(n))),
      startMs + dayMs,
    );
    expect(guesses).toBeLessThanOrEqual(most);
    // The limit is what holds it, not the test.
    expect(guesses).toBeGreaterThan(most / 2);
  });

  it('is not helped by names that nobody has, nor by the addresses of one IPv6 network', () => {
    const attempts = createAttempts();
    const own = Array.from({ length: 40 }, (_, n) => of(`2001:db8::${(n + 1).toString(16)}`));
    expect(own.filter((attempt) => attempts.begin(attempt, startMs) === null)).toHaveLength(perLoginMax);
    for (let n = 0; n < turnsAtOnce; n += 1) attempts.begin(of(address(n)), startMs);
    for (let n = 0; n < 3_000; n += 1) attempts.begin(of(address(n), { login: `nobody ${n}`, isThere: false }), startMs);
    expect(attempts.begin(of('192.0.2.1'), startMs)).not.toBeNull();
    expect(attempts.begin(of('2001:DB8:0:0:1::'), startMs + attemptsWindowMs - 1)).not.toBeNull();
    expect(attempts.begin(of('2001:db8:0:1::1'), startMs + attemptsWindowMs)).toBeNull();
  });
});

describe('whoever has a login that is attacked', () => {
  it('gets in at once from a new address while one address guesses', () => {
    const attempts = createAttempts();
    guessesOf(attempts, [of(address(0))], startMs + dayMs);
    expect(attempts.begin(of('192.0.2.1'), startMs + dayMs)).toBeNull();
  });

  it('gets a turn from a new address while many guess, after as long as it was told, once', () => {
    const attempts = createAttempts();
    const many = Array.from({ length: 100 }, (_, n) => of(address(n)));
    guessesOf(attempts, many, startMs + 3_600_000);
    const atMs = startMs + 3_600_000;
    const waitS = attempts.begin(of('192.0.2.1'), atMs) ?? 0;
    expect(waitS).toBeGreaterThan(turnEveryMs / 1000);
    expect(waitS).toBeLessThanOrEqual(((many.length + 1) * turnEveryMs) / 1000);
    // Too early changes nothing.
    expect(attempts.begin(of('192.0.2.1'), atMs + 10_000)).toBe(waitS - 10);
    expect(attempts.begin(of('192.0.2.1'), atMs + waitS * 1000)).toBeNull();
    expect(attempts.begin(of('192.0.2.1'), atMs + waitS * 1000)).not.toBeNull();
  });

  it('is not kept waiting where it is known, such as in a browser that was right before, from whatever address, but guesses there no more than others', () => {
    const attempts = createAttempts();
    guessesOf(
      attempts,
      Array.from({ length: 600 }, (_, n) => of(address(n))),
      startMs + 600_000,
    );
    const known = of(address(0), { known: 'one' });
    for (let n = 0; n < perKnownMax; n += 1) expect(attempts.begin(known, startMs + 600_000)).toBeNull();
    expect(attempts.begin(known, startMs + 600_000)).toBe(attemptsWindowMs / 1000);
    expect(attempts.begin(of(address(0), { known: 'two' }), startMs + 600_000)).toBeNull();
  });

  it('has what was wrong before from there forgotten once it was right, and no turn is used up by it', () => {
    const attempts = createAttempts();
    const anna = of('192.0.2.1');
    for (let n = 0; n < 10 * turnsAtOnce; n += 1) {
      expect(attempts.begin(anna, startMs)).toBeNull();
      attempts.succeeded(anna);
    }
    for (let n = 0; n < perLoginMax; n += 1) expect(attempts.begin(anna, startMs)).toBeNull();
    expect(attempts.begin(anna, startMs)).toBe(attemptsWindowMs / 1000);
  });
});

it('an address that tries many logins is refused for all of them', () => {
  const attempts = createAttempts();
  const tries = Array.from({ length: perAddressMax + 5 }, (_, n) => attempts.begin(of('192.0.2.1', { login: `p${n}` }), startMs));
  expect(tries.filter((waitS) => waitS === null)).toHaveLength(perAddressMax);
});
