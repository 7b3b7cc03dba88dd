/** What may be asked for of each type of action: the one table that says so. Whoever asks for anything else is refused at the desk. */
import type { ActionType } from './action.ts';

export interface ActionRule {
  /** What it is about: a service, or the node itself. */
  readonly service: 'needed' | 'optional' | 'none';
  /** May name a service that nobody declared: a notice, or a look at something. */
  readonly undeclared: boolean;
  /** Why nobody can do it in this version, and what to do instead; null: it can be done. */
  readonly unsupported: string | null;
}

const possible = { unsupported: null } as const;

export const actionRules: Readonly<Record<ActionType, ActionRule>> = {
  container_restart: { service: 'needed', undeclared: false, ...possible },
  redeploy: { service: 'needed', undeclared: false, ...possible },
  deploy_service: {
    service: 'needed',
    undeclared: false,
    unsupported:
      'this version prepares no machine for a service; where that is done (its README.md says how), ask for redeploy, which makes a container that is missing',
  },
  disk_cleanup: { service: 'none', undeclared: false, ...possible },
  rollback: {
    service: 'needed',
    undeclared: false,
    unsupported: 'this version keeps no older one to go back to; put the older one into its Compose file and ask for redeploy',
  },
  rerun_healthcheck: { service: 'needed', undeclared: false, ...possible },
  collect_diagnostics: { service: 'needed', undeclared: true, ...possible },
  alert_only: { service: 'optional', undeclared: true, ...possible },
};
