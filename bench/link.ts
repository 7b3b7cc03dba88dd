/**
 * The bridge of an edge site beside mosquitto's own, as it is written at first and with its best settings, each on an LTE link of its own with
 * the same seed: what an outage costs, how soon both ends are right again, what an hour costs on the wire and in memory.
 */
import type { Figure, Pace, Row } from './figure.ts';
import { documentRounds, type Round } from './link/documents.ts';
import { changesCount, idle } from './link/idle.ts';
import { type Outage, outage } from './link/outage.ts';
import { documentRows, idleRows, outageRows } from './link/rows.ts';
import { type Compared, compared } from './link/subject.ts';
import type { Session } from './session.ts';

const seed = 3;

interface Size {
  readonly events: number;
  readonly cuts: number;
  readonly rounds: number;
}

const sizes: Readonly<Record<Pace, Size>> = {
  quick: { events: 3_000, cuts: 3, rounds: 2 },
  usual: { events: 20_000, cuts: 10, rounds: 5 },
  full: { events: 20_000, cuts: 10, rounds: 5 },
};

export const link: Figure = {
  name: 'link',
  needs: ['mosquitto', 'network namespaces', 'openssl'],
  run: async (session, pace): Promise<readonly Row[]> => {
    session.say(`the link of an edge site, ${{ quick: '8 minutes', usual: '24 minutes', full: 'a bit more than two hours' }[pace]}`);
    session.buildHomelab();
    const { events, cuts, rounds } = sizes[pace];
    // The idle sites only wait; the outages are played meanwhile.
    let settled: () => void = () => undefined;
    const haveSettled = new Promise<void>((resolve) => (settled = resolve));
    const idling = idle(session, { pace, seed, onSettled: settled });
    // Waited for at the end; until then a failure of the outages is the first to be told.
    idling.catch(() => undefined);
    await Promise.race([haveSettled, idling]);
    const outages = await onEach(session, (scope, kind) => outage(scope, { kind, seed, events, cuts }));
    const documents = await onEach(session, (scope, kind) => documentRounds(scope, { kind, seed, count: rounds }));
    const idled = await idling;
    const stretch = pace === 'full' ? `an hour each, ${changesCount} changes` : 'a stretch, scaled to the hour';
    return [
      ...outageRows(outages satisfies Record<Compared, Outage>),
      ...documentRows(documents satisfies Record<Compared, readonly Round[]>),
      ...idleRows(idled, stretch),
    ];
  },
};

/** All three at the same time, so that the machine is the same for them. */
async function onEach<T>(session: Session, measure: (scope: Session, kind: Compared) => Promise<T>): Promise<Readonly<Record<Compared, T>>> {
  const results = await Promise.all(compared.map((kind) => session.scope((scope) => measure(scope, kind))));
  return Object.fromEntries(compared.map((kind, at) => [kind, results[at]])) as Record<Compared, T>;
}
