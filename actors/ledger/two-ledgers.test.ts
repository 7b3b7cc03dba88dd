/** Two ledgers over a link that is cut, loses and repeats: what a person at the hub is told, and what happens at the site. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../test/kit/ledger-desk.ts';
import { TwoLedgers } from '../../test/kit/two-ledgers.ts';
import { replay } from './journal.ts';
import { epochMs } from './record.ts';

const id = 'container-restart-cabin-1-web';

describe('an approval at the hub', () => {
  it('is answered at once, judged at the site, and its verdict comes back', () => {
    const two = new TwoLedgers({ offsetMs: 2 * minuteMs });
    two.propose();
    expect(two.ask('alice', 'approved', 'next')).toMatchObject({ code: 'forwarded', summary: expect.stringContaining('waiting for its answer') });
    expect(two.ends('alice')).toMatchObject([{ ok: true, code: 'approved', id, request: 'approved next' }]);
    expect(two.cabin.action(id)).toMatchObject({ state: 'approved', approved_by: 'alice via hub/alice', expires_at: '2026-03-01T13:00:00.000Z' });
    expect(two.hub.state.relays.size).toBe(0);
  });

  it('during a cut is answered at once too, and judged when the link is back', () => {
    const two = new TwoLedgers();
    two.propose();
    two.cut().pass(3 * minuteMs);
    expect(two.ask('alice', 'approved', id)?.summary).toContain('link down since 12:00 UTC');
    two.pass(59 * minuteMs);
    expect([two.ends('alice'), two.cabin.action(id).state]).toEqual([[], 'pending']);
    two.restore();
    expect(two.ends('alice')).toMatchObject([{ ok: true, code: 'approved' }]);
    expect(two.cabin.action(id)).toMatchObject({ state: 'approved', approved_at: '2026-03-01T12:03:00.000Z', expires_at: '2026-03-01T13:03:00.000Z' });
  });

  it('that has a ref is told of by it at once and at the end, also by a hub that was killed meanwhile', () => {
    const both = new TwoLedgers();
    both.propose();
    both.cut();
    expect(both.ask('alice', 'approved', { id: 'next', ref: 'tap-1' })).toMatchObject({ code: 'forwarded', ref: 'tap-1' });
    both.restart('hub');
    both.restore().pass(20_000);
    expect(both.ends('alice')).toMatchObject([{ code: 'approved', ok: true, ref: 'tap-1' }]);
  });

  it('that has a ref and comes too late is told of by it too', () => {
    const both = new TwoLedgers();
    both.propose();
    both.cut();
    both.ask('alice', 'approved', { id: 'next', ref: 'tap-2' });
    both.pass(3_700_000);
    expect(both.ends('alice')).toMatchObject([{ code: 'approval_too_old', ok: false, ref: 'tap-2' }]);
  });

  it('that a cut outlasts is never done', () => {
    const two = new TwoLedgers();
    two.propose();
    two.cut().ask('alice', 'approved', id);
    two
      .pass(60 * minuteMs)
      .restore()
      .pass(minuteMs);
    expect(two.ends('alice')).toMatchObject([{ ok: false, code: 'approval_too_old' }]);
    expect(two.cabin.action(id).state).toBe('pending');
  });

  it('is for what was seen: the site has gone on meanwhile', () => {
    const two = new TwoLedgers();
    two.propose();
    two.cut();
    two.cabin.ask('bob', 'rejected', id);
    two.cabin.ask('anna', 'pending', { type: 'container_restart', node: 'cabin-1', service: 'web' });
    two.ask('alice', 'approved', id);
    two.restore();
    expect(two.ends('alice')).toMatchObject([{ ok: false, code: 'stale_attempt' }]);
    expect(two.cabin.action(id)).toMatchObject({ state: 'pending', attempt: 2 });
  });

  it('by two people is one approval, and both are told', () => {
    const two = new TwoLedgers();
    two.propose();
    two.cut();
    for (const login of ['alice', 'bob', 'alice']) two.ask(login, 'approved', id);
    two.restore();
    expect([two.ends('alice'), two.ends('bob')].map((ends) => ends.map(({ code }) => code))).toEqual([['approved', 'not_pending'], ['not_pending']]);
  });

  it('waits for clocks that were not compared yet', () => {
    const two = new TwoLedgers({ offsetMs: minuteMs }).measure(null);
    two.propose();
    two.ask('alice', 'approved', id);
    two.pass(20 * minuteMs);
    expect(two.ends('alice')).toEqual([]);
    two.measure(minuteMs).pass(10_000);
    expect(two.ends('alice')).toMatchObject([{ code: 'approved' }]);
  });

  it('is refused by a site whose own list says no', () => {
    const two = new TwoLedgers({ access: { alice: 'operator' }, cabinAccess: { alice: 'reader' } });
    two.propose();
    two.ask('alice', 'approved', id);
    expect(two.ends('alice')).toMatchObject([{ ok: false, code: 'not_allowed' }]);
  });

  it('may be of something asked for from here, and maintenance may be declared', () => {
    const two = new TwoLedgers();
    two.ask('alice', 'pending', { type: 'collect_diagnostics', node: 'cabin-1', service: 'web' });
    two.ask('alice', 'maintenance', { node: 'cabin-1', until: '2026-03-01T18:00:00Z', reason: 'disk' });
    two.ask('alice', 'approved', 'next');
    expect(two.ends('alice').map(({ code }) => code)).toEqual(['proposed', 'maintenance', 'approved']);
    expect(two.cabin.windows('cabin-1')).toHaveLength(1);
  });
});

const services = ['web', 'db', 'mail'] as const;
const people = ['alice', 'bob'] as const;
type Step = (two: TwoLedgers) => void;

const always = (step: Step): fc.Arbitrary<Step> => fc.constant(step);
const name = (service: string): string => `container-restart-cabin-1-${service}`;
const steps = (killed: boolean): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(...services).map(
          (service): Step =>
            (two) =>
              two.propose(service),
        ),
      },
      {
        weight: 8,
        arbitrary: fc
          .tuple(
            fc.boolean(),
            fc.constantFrom(...people),
            fc.constantFrom('approved', 'approved', 'approved', 'rejected', 'cancelled'),
            fc.constantFrom(...services),
          )
          .map(
            ([isProposed, login, state, service]): Step =>
              (two) => {
                if (isProposed) two.propose(service);
                two.ask(login, state, name(service));
              },
          ),
      },
      // Somebody at the site itself is quicker.
      {
        weight: 2,
        arbitrary: fc.constantFrom(...services).map(
          (service): Step =>
            (two) =>
              two.cabin.ask('anna', 'approved', name(service)),
        ),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(...services).map(
          (service): Step =>
            (two) =>
              two.cabin.ask('anna', 'cancelled', name(service)),
        ),
      },
      { weight: 3, arbitrary: always((two) => two.cut()) },
      { weight: 3, arbitrary: always((two) => two.restore()) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(null, 0).map(
          (ms): Step =>
            (two) =>
              two.measure(ms),
        ),
      },
      {
        weight: 5,
        arbitrary: fc.constantFrom(1, 9_999, 10_000, 7 * minuteMs, 40 * minuteMs, 60 * minuteMs).map(
          (ms): Step =>
            (two) =>
              two.pass(ms),
        ),
      },
      { weight: 2, arbitrary: always((two) => two.restart('hub')) },
      { weight: 2, arbitrary: always((two) => two.restart('cabin')) },
      ...(killed ? [{ weight: 6, arbitrary: killing }] : []),
    ),
    { minLength: 10, maxLength: 40, size: 'max' },
  );

/** Killed after so many commands of what comes next, and back. */
const killing = fc.tuple(fc.constantFrom('hub' as const, 'cabin' as const), fc.nat({ max: 5 }), fc.constantFrom(...people), fc.constantFrom(...services)).map(
  ([side, commands, login, service]): Step =>
    (two) => {
      two.propose(service);
      two.desks[side].commandsLeft = commands;
      two.ask(login, 'approved', name(service));
      two.restart(side);
    },
);

/** How many copies of each message arrive, in turn. */
const fates = fc.array(fc.constantFrom(0, 1, 1, 1, 2, 3), { minLength: 1, maxLength: 10 }).map((fate) => {
  // A link that carries nothing at all is a cut.
  const turns = [...fate, 1];
  let turn = 0;
  return () => turns[turn++ % turns.length] ?? 1;
});

const offsets = fc.constantFrom(0, 3 * minuteMs, -4 * minuteMs);

function live(sequence: readonly Step[], offsetMs: number, copies: () => number): TwoLedgers {
  const two = new TwoLedgers({ offsetMs, copies });
  for (const step of sequence) step(two);
  return two
    .measure(offsetMs)
    .restore()
    .pass(61 * minuteMs);
}

/** Nothing was decided twice in one life of an action, nor by a word that was an hour old. */
function mustBeSound(two: TwoLedgers): void {
  const agreed = two.cabin.entries.flatMap((entry) => (entry.kind === 'action' && entry.what === 'approved' ? [entry.action] : []));
  const lives = agreed.map((action) => `${action.id} ${action.attempt}`);
  expect(new Set(lives).size).toBe(lives.length);
  for (const { approved_at, touched_at } of agreed) expect(epochMs(touched_at) - epochMs(approved_at ?? '')).toBeLessThan(60 * minuteMs);
  expect(replay(two.hub.entries).relays).toEqual(new Map());
  expect(two.hub.state.relays).toEqual(new Map());
}

/** Each request that was forwarded, as the journal of the hub has it, and how it ended there. */
function ended(two: TwoLedgers): ReadonlyMap<string, readonly string[]> {
  const ends = new Map<string, string[]>();
  for (const entry of two.hub.entries) {
    if (entry.kind !== 'relay') continue;
    const { relay_id } = entry.relay.relayed;
    if (entry.what === 'forwarded') ends.set(relay_id, []);
    else ends.get(relay_id)?.push(entry.what);
  }
  return ends;
}

const forwardedBy = ({ hub }: TwoLedgers, login: string): number =>
  hub.entries.filter((entry) => entry.kind === 'relay' && entry.what === 'forwarded' && entry.relay.requester === login).length;

/** Enough that each of them meets a hundred requests, few enough for `npm run check`. */
const runs = { numRuns: 25 };

describe('whatever the link does', () => {
  it('an action is approved at most once, and each request ends in one final answer', () => {
    let relayed = 0;
    fc.assert(
      fc.property(steps(false), offsets, fates, (sequence, offsetMs, copies) => {
        const two = live(sequence, offsetMs, copies);
        mustBeSound(two);
        const ends = ended(two);
        relayed += ends.size;
        for (const what of ends.values()) expect(what).toHaveLength(1);
        // Everybody is answered at once, and once more when what was forwarded has ended.
        for (const login of people) {
          const told = two.told.filter(({ requester }) => requester === login).length;
          expect(told).toBe((two.asked.get(login) ?? 0) + forwardedBy(two, login));
        }
      }),
      runs,
    );
    expect(relayed).toBeGreaterThan(25); // or nothing was shown
  });

  it('nor when either ledger is killed between any two of its deeds', () => {
    fc.assert(
      fc.property(steps(true), offsets, fates, (sequence, offsetMs, copies) => {
        const two = live(sequence, offsetMs, copies);
        mustBeSound(two);
        for (const what of ended(two).values()) expect(what).toHaveLength(1);
      }),
      runs,
    );
  });
});
