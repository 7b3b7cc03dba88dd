/** All rules of the declared homelab, in the order of docs/inventory.md, and those whose question is asked elsewhere. */
import { accessRules } from './access.ts';
import { brokerAddressRules } from './broker-addresses.ts';
import { brokerPortRules } from './broker-ports.ts';
import { composeV1Rules } from './compose-v1.ts';
import { containerRules } from './containers.ts';
import { dependencyRules } from './dependencies.ts';
import { environmentRules } from './environment.ts';
import { memoryRules } from './memory.ts';
import { nameRules } from './names.ts';
import { networkingRules } from './networking.ts';
import { overviewRules } from './overview.ts';
import { placementRules } from './placement.ts';
import { portRules } from './ports.ts';
import { referenceRules } from './references.ts';
import type { Rule } from './rule.ts';
import { secretRules } from './secrets.ts';
import { serviceFolderRules } from './service-folder.ts';
import { zigbee2mqttRules } from './zigbee2mqtt.ts';

export const rules: readonly Rule[] = [
  ...serviceFolderRules,
  ...containerRules,
  ...networkingRules,
  ...zigbee2mqttRules,
  ...composeV1Rules,
  ...memoryRules,
  ...referenceRules,
  ...accessRules,
  ...nameRules,
  ...portRules,
  ...brokerPortRules,
  ...brokerAddressRules,
  ...dependencyRules,
  ...placementRules,
  ...overviewRules,
  ...environmentRules,
  ...secretRules,
];

type RuleText = Pick<Rule, 'id' | 'severity' | 'finds' | 'why'>;

/** Found while the files are read (adapters/files/tree.ts). */
const readingRules: readonly RuleText[] = [
  {
    id: 'unreadable',
    severity: 'error',
    finds: 'a file or directory that cannot be read, or is far too large',
    why: 'nothing can be said about what it holds',
  },
  {
    id: 'not-yaml',
    severity: 'error',
    finds: 'text that is no YAML',
    why: 'the last good version stays in force, and the change is lost without a word otherwise',
  },
  {
    id: 'contract',
    severity: 'error',
    finds: 'a value that the contract of the file does not allow, or a missing one',
    why: 'the program would have to guess',
  },
  {
    id: 'unknown-key',
    severity: 'error',
    finds: 'a key that the contract of the file does not have',
    why: 'it is more likely misspelt than meant, and would do nothing',
  },
];

/** Asked of programs of the machine, so that they may be skipped; then `check-skipped` says so. */
export const programRules = {
  'healthcheck-shell': {
    id: 'healthcheck-shell',
    severity: 'error',
    finds: 'a healthcheck.sh that `sh -n` cannot parse, or that shellcheck warns of',
    why: 'a check that fails for its own fault makes a healthy service look dead',
  },
  'compose-refuses': {
    id: 'compose-refuses',
    severity: 'error',
    finds: 'a Compose file, alone or with the override of a node, that docker-compose itself does not accept',
    why: 'a deployment would end there; only what no other rule has named is repeated in its words',
  },
  'check-skipped': {
    id: 'check-skipped',
    severity: 'warning',
    finds: 'a check that could not be made because its program is not installed; with --strict it is an error',
    why: 'a check that nobody made looks like one that passed',
  },
} as const satisfies Record<string, RuleText>;

/** For docs/inventory.md: rule, what it finds, why. */
export const ruleRows: readonly (readonly [string, string, string])[] = [...readingRules, ...rules, ...Object.values(programRules)].map(
  ({ id, severity, finds, why }) => [`\`${id}\`${severity === 'warning' ? ' (warning)' : ''}`, finds, why],
);
