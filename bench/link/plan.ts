/** What happens to the link of a site, and who dies meanwhile, drawn from one seed: the same for every bridge that is measured. Pure. */
import { Random } from '../../test/kit/random.ts';

/** The bridge dies only where it is a process of its own. */
export type Victim = 'broker' | 'bridge';

export interface Cut {
  readonly kind: 'clean' | 'silent' | 'half-open';
  /** Who hears nothing more on a half-open link. */
  readonly deafEnd: 'site' | 'hub';
  readonly pauseMs: number;
  readonly lastsMs: number;
  readonly victim: Victim;
  /** After the link was cut: while it is, or soon after it came back. */
  readonly killedAfterMs: number;
  readonly awayMs: number;
}

const kinds: readonly Cut['kind'][] = ['clean', 'silent', 'half-open'];
const dying: readonly Victim[] = ['broker', 'bridge'];

/** The last cut is long, and clean, so that what comes back afterwards depends on nobody's patience with a connection that seems to stand. */
const lastLastsMs = 30_000;

/** Kinds and victims in turn, the rest drawn. Ten cuts take about as long as 20,000 events at 43 a second. */
export function cutsOf(seed: number, count: number): readonly Cut[] {
  const random = new Random(seed).fork('cuts');
  return Array.from({ length: count }, (_, at) => {
    const isLast = at === count - 1;
    const lastsMs = isLast ? lastLastsMs : random.between(2_000, 25_000);
    return {
      kind: isLast ? 'clean' : (kinds[at % kinds.length] ?? 'clean'),
      deafEnd: random.pick(['site', 'hub'] as const),
      pauseMs: random.between(25_000, 45_000),
      lastsMs,
      // Events that nobody has told the hub of yet are there when it dies, also the last time.
      victim: isLast ? 'broker' : (dying[at % dying.length] ?? 'broker'),
      killedAfterMs: isLast ? lastsMs / 2 : random.between(0, lastsMs + 1_000),
      awayMs: random.between(200, 1_500),
    };
  });
}
