/**
 * What of the site's broker is not carried, or not whole: every one is counted, each topic is told once, so that one program that says
 * rubbish each second does not fill the log. State of its own, mutated in place.
 */

/** Topics are made by whoever writes here; more than a site has would be somebody's loop. */
const topicsToldMax = 1_000;

export interface Refusal {
  readonly type: 'refused';
  readonly topic: string;
  readonly problem: string;
  /** Since the start, of all topics, with this one. */
  readonly count: number;
}

export class Refusals {
  count = 0;
  private readonly told = new Set<string>();

  /** What is to be told of it; none when that topic was told already. */
  of(topic: string, problem: string | null): readonly Refusal[] {
    if (problem === null) return [];
    this.count += 1;
    if (this.told.has(topic) || this.told.size >= topicsToldMax) return [];
    this.told.add(topic);
    return [{ type: 'refused', topic, problem, count: this.count }];
  }
}
