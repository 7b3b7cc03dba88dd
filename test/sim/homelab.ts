/**
 * What a seed simulates: the hub, and in half of the seeds a second site with a broker of its own, joined to the hub's by a bridge over
 * a link that can be cut. One clock, one trace; each site has its own weather, storm and people.
 */
import { defaultSite, topicRoot } from '../../contracts/defaults.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import { type Differences, differences } from './convergence.ts';
import { crossingDifferences } from './crossing.ts';
import { longCut } from './long-cut.ts';
import { RelayOracle } from './oracle-relays.ts';
import { Recovery } from './recovery.ts';
import type { Breach } from './rules.ts';
import { drawShape } from './shape.ts';
import { Site } from './site.ts';
import { storeDifferences } from './stores.ts';
import { Storm } from './storm.ts';
import type { Trace } from './trace.ts';
import { SimUplink } from './uplink.ts';
import { Weather } from './weather.ts';

/** Two of four seeds in a row have a second site, an even one and an odd one: so both halves of the tests take equally long. */
export const hasSecondSite = (seed: number): boolean => seed % 4 < 2;

const hubOf = { name: defaultSite, machineNames: ['vps', 'piha', 'solaria'], people: ['anna', 'ben'] } as const;
const edgeOf = { name: 'chelsty', machineNames: ['chelsty-infra', 'chelsty-ha'], people: ['carla'] } as const;

export interface HomelabOptions {
  readonly clock: StepClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly breach: Breach;
  readonly logLevel: string;
  readonly isOfTwo: boolean;
  readonly stormMs: number;
}

interface Part {
  readonly site: Site;
  readonly storm: Storm;
  readonly recovery: Recovery;
}

export class Homelab {
  readonly sites: readonly Site[];
  private readonly relays: RelayOracle;
  private readonly parts: readonly Part[];
  private readonly edge: Site | null;
  private readonly hub: Site;
  private readonly options: HomelabOptions;

  constructor(options: HomelabOptions) {
    this.options = options;
    const { clock, random, isOfTwo } = options;
    const edgeRandom = random.fork('edge');
    const hubShape = drawShape(random.fork('shape'), { ...hubOf, isOfSeveral: isOfTwo, isHub: true });
    const edgeShape = drawShape(edgeRandom.fork('shape'), { ...edgeOf, isOfSeveral: true, isHub: false });
    const shapes = isOfTwo ? [hubShape, edgeShape] : [hubShape];
    this.relays = new RelayOracle(() => clock.now(), options.breach);
    const hub = this.part(options, random, { shape: hubShape, shapes, people: hubOf.people, peopleAfar: [], uplink: null });
    this.hub = hub.site;
    const way = new SimUplink({ clock, random: edgeRandom.fork('uplink'), far: hub.site.broker.transport() });
    const uplink = { way, witness: hub.site.overseer };
    const edge = isOfTwo ? this.part(options, edgeRandom, { shape: edgeShape, shapes, people: edgeOf.people, peopleAfar: hubOf.people, uplink }) : null;
    this.edge = edge?.site ?? null;
    this.parts = edge === null ? [hub] : [hub, edge];
    this.sites = this.parts.map(({ site }) => site);
  }

  start(): void {
    for (const { site } of this.parts) site.start();
  }

  /** `pass`: virtual time passes; false: a rule is broken. */
  async longCut(pass: (ms: number) => Promise<boolean>): Promise<void> {
    const { hub, edge, relays } = this;
    const { clock, random, trace } = this.options;
    if (edge === null) throw new Error('a long cut takes a seed with two sites');
    await longCut({ clock, random: random.fork('long cut'), trace, hub, edge, relays, pass });
  }

  storm(): void {
    for (const { storm } of this.parts) storm.begin();
  }

  /** No fault is left; people do their part. */
  heal(): void {
    for (const { storm } of this.parts) storm.heal();
    for (const { recovery } of this.parts) recovery.begin();
  }

  reconnectLedgers(): void {
    for (const site of this.sites) site.reconnectLedger();
  }

  differences(): Differences {
    const of = this.sites.map((site) => differences(site));
    const wrong = of.flatMap((each) => each.wrong);
    if (wrong.length === 0 && this.edge !== null) wrong.push(...crossingDifferences(this.hub, this.edge), ...this.relays.differences());
    return { wrong, settling: of.flatMap((each) => each.settling), unheard: of.flatMap((each) => each.unheard) };
  }

  /** What the stores of both sites do not agree on. */
  storeDifferences(): readonly string[] {
    return this.edge === null ? [] : storeDifferences(this.hub, this.edge);
  }

  get steps(): number {
    return this.sites.reduce((sum, { overseer }) => sum + overseer.steps, 0);
  }

  get messages(): number {
    return this.sites.reduce((sum, { overseer }) => sum + overseer.messages, 0);
  }

  close(): void {
    for (const { site } of this.parts) site.close();
  }

  private part(
    options: HomelabOptions,
    random: Random,
    rest: Pick<ConstructorParameters<typeof Site>[0], 'shape' | 'shapes' | 'people' | 'peopleAfar' | 'uplink'>,
  ): Part {
    const { clock, trace, breach, logLevel, stormMs: durationMs } = options;
    const weather = new Weather({
      ...{ clock, random: random.fork('weather'), trace, root: topicRoot },
      disconnect: (clientId) => site.disconnectClient(clientId),
      onVanished: (passage) => site.overseer.requests.onVanished(passage, passage.topic.slice(topicRoot.length + 1)),
    });
    const site: Site = new Site({ ...{ clock, random, trace, breach, logLevel, relays: this.relays, fault: weather.fault }, ...rest });
    const storm = new Storm({ clock, random: random.fork('storm'), trace, site, weather, durationMs });
    return { site, storm, recovery: new Recovery({ clock, trace, site, random: random.fork('recovery') }) };
  }
}
