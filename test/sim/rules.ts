/** The names of what must always hold; docs/simulation.md explains each. The first breach ends a run. */

export const rules = [
  'one-writer',
  'rev-monotonic',
  'nothing-retained-on-requests',
  'allowed-transitions',
  'no-execution-without-approval',
  'no-stale-yes',
  'at-most-once-per-approval',
  'needs-before-dependents',
  'cleanup-within-class',
  'no-proposal-within-cooldown',
  'shadow-mode-only-tells',
  'proposes-for-own-nodes',
  'nothing-in-maintenance',
  'no-restart-in-a-crash-loop',
  'says-each-thing-once',
  'never-nominal-on-stale-data',
  'never-nominal-in-trouble',
  'one-incident-per-link',
  'nobody-dies-by-itself',
  'converges',
  'stores-agree',
] as const;
export type Rule = (typeof rules)[number];

export type Breach = (rule: Rule, detail: string) => void;
