/**
 * Events across an LTE link that is cut ten times, silently, cleanly and half, while the bridge, either broker and the hub's observer
 * are killed, and brokers come back with what they had or with nothing: every one in the hub's store, once, in order.
 *
 * 20,000 of them between two brokers of each make where the link is good, and a tenth at the edge of its cell, where ten times as much takes
 * five minutes to drain. `STORM_LINK=poorLte npx vitest run test/integration/bridge-storm.test.ts` does that for both makes, in
 * seven minutes; `STORM_SEED` makes another storm.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EdgeRig } from '../kit/edge-rig.ts';
import { Emitters } from '../kit/emitters.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { linkProfiles } from '../kit/link-shape.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { type BrokerMake, brokerMakes } from '../kit/net-broker.ts';
import { haveNetRig } from '../kit/net-rig.ts';
import { Storm } from '../kit/storm.ts';
import { stormCuts } from '../kit/storm-plan.ts';

type LinkName = 'lte' | 'poorLte';
interface StormCase {
  readonly make: BrokerMake;
  readonly link: LinkName;
  readonly count: number;
}

const usual: readonly StormCase[] = [
  { make: 'mosquitto', link: 'lte', count: 20_000 },
  { make: 'aedes', link: 'lte', count: 20_000 },
  { make: 'mosquitto', link: 'poorLte', count: 2_000 },
];
const { STORM_LINK: onlyLink, STORM_EVENTS: onlyCount } = process.env;

const isLink = (name: string): name is LinkName => name === 'lte' || name === 'poorLte';

function casesAsked(): readonly StormCase[] {
  if (onlyLink !== undefined && !isLink(onlyLink)) throw new Error(`STORM_LINK is "${onlyLink}": expected lte or poorLte`);
  const among: readonly StormCase[] = onlyLink === undefined ? usual : brokerMakes.map((make) => ({ make, link: onlyLink, count: 20_000 }));
  return onlyCount === undefined ? among : among.map((each) => ({ ...each, count: Number(onlyCount) }));
}

/** The bridge dies before some of the sources have said their first word: the hardest of the seeds tried. */
const seed = Number(process.env['STORM_SEED'] ?? 3);
/** The cuts are over after that; what waits then crosses at the rate of the link, 190 events a second on the good one and 80 on the poor one (measured). */
const cutsLastMs = 90_000;
const drainedPerSecond: Readonly<Record<LinkName, number>> = { lte: 190, poorLte: 80 };
/** A loaded machine gets four times as long. */
const deadlineMs = ({ link, count }: StormCase): number => 4 * (cutsLastMs + (count / drainedPerSecond[link]) * 1_000);

describe.skipIf(!haveNetRig())('ten cuts', () => {
  const rigs: EdgeRig[] = [];
  beforeAll(() => {
    buildBundle();
  });
  afterAll(async () => {
    await Promise.all(rigs.map((rig) => rig.close()));
  });

  // Side by side, because most of it is waiting for what was cut to come back, and for the link.
  for (const each of casesAsked()) {
    const { make, link, count } = each;
    const isHere = make === 'aedes' || haveMosquitto();
    const timeout = deadlineMs(each) + 120_000;
    it.skipIf(!isHere).concurrent(`between two ${make} brokers over ${link} lose none of ${count} events, and repeat none`, { timeout }, async () => {
      const rig = await EdgeRig.open({ make, profile: linkProfiles[link], seed, savesBySecond: true });
      rigs.push(rig);
      const storm = await Storm.gather(rig);
      const startedAtMs = performance.now();
      const tookS = (): string => `${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`;
      const emitters = new Emitters(rig, { seed, count, perSecond: count / 30 });
      await storm.blow(stormCuts(seed, 10));
      const blown = `${tookS()}, ${emitters.missing('hub')} of ${count} not at the hub yet`;
      await emitters.stored(deadlineMs(each));
      process.stdout.write(`a storm over ${link}, ${make}: cuts over after ${blown}; all stored after ${tookS()}\n`);
      expect(emitters.faults('hub')).toEqual([]);
      expect(emitters.faults('site')).toEqual([]);
    });
  }
});
