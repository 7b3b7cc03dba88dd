/** The names of what must always hold; docs/simulation.md explains each. The first breach ends a run. */

export const rules = [
  'one-writer',
  'rev-monotonic',
  'nothing-retained-on-requests',
  'allowed-transitions',
  'no-execution-without-approval',
  'at-most-once-per-approval',
  'no-proposal-within-cooldown',
  'never-nominal-on-stale-data',
  'never-nominal-in-trouble',
  'nobody-dies-by-itself',
  'converges',
] as const;
export type Rule = (typeof rules)[number];

export type Breach = (rule: Rule, detail: string) => void;
