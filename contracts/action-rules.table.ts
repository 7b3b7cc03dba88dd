/** What may be asked for of each type of action, and what a yes to it promises: the one table that says so. Whoever asks for anything else is refused at the desk. */
import type { ActionType } from './action.ts';

export interface ActionRule {
  /** What it is about: a service, or the node itself. */
  readonly service: 'needed' | 'optional' | 'none';
  /** May name a service that nobody declared: a notice, or a look at something. */
  readonly undeclared: boolean;
  /** Why nobody can do it in this version, and what to do instead; null: it can be done. */
  readonly unsupported: string | null;
  /**
   * When it counts as done. `healthy`: once its service was seen well after it, within the verify window, else it has failed. `carried_out`: once it
   * was done, whatever is well then. `seen`: nobody does anything; a person has said that they know.
   */
  readonly doneWhen: 'healthy' | 'carried_out' | 'seen';
  /** It is there to end the trouble it is about. The others look, or tell. */
  readonly repairs: boolean;
}

const possible = { unsupported: null } as const;
const repair = { doneWhen: 'healthy', repairs: true } as const;
const look = { doneWhen: 'carried_out', repairs: false } as const;

export const actionRules: Readonly<Record<ActionType, ActionRule>> = {
  container_restart: { service: 'needed', undeclared: false, ...repair, ...possible },
  redeploy: { service: 'needed', undeclared: false, ...repair, ...possible },
  deploy_service: {
    service: 'needed',
    undeclared: false,
    ...repair,
    unsupported:
      'this version prepares no machine for a service; where that is done (its README.md says how), ask for redeploy, which makes a container that is missing',
  },
  disk_cleanup: { service: 'none', undeclared: false, doneWhen: 'carried_out', repairs: true, ...possible },
  rollback: {
    service: 'needed',
    undeclared: false,
    ...repair,
    unsupported: 'this version keeps no older one to go back to; put the older one into its Compose file and ask for redeploy',
  },
  rerun_healthcheck: { service: 'needed', undeclared: false, ...look, ...possible },
  collect_diagnostics: { service: 'needed', undeclared: true, ...look, ...possible },
  alert_only: { service: 'optional', undeclared: true, doneWhen: 'seen', repairs: false, ...possible },
};
