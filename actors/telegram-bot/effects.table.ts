/** What a yes to each type of action does, for a person who has a second; and how it is called. */
import type { ActionType } from '../../contracts/action.ts';

interface Words {
  readonly what: (target: string) => string;
  readonly yes: string;
}

export const effects: Readonly<Record<ActionType, Words>> = {
  container_restart: {
    what: (target) => `restart ${target}`,
    yes: 'the container is stopped and started again, once; it counts as done only when it is healthy',
  },
  redeploy: {
    what: (target) => `redeploy ${target}`,
    yes: 'its container is made anew from the declared files; the service is away meanwhile, and counts as done only when it is healthy',
  },
  deploy_service: { what: (target) => `deploy ${target}`, yes: 'it is put there from the declared files' },
  disk_cleanup: {
    what: (target) => `clean up the disk of ${target}`,
    yes: 'what is listed is removed for good: unused images, and the stopped containers named here; data, configuration and state stay',
  },
  rollback: { what: (target) => `roll back ${target}`, yes: 'it goes back to what ran before' },
  rerun_healthcheck: { what: (target) => `check ${target} again`, yes: 'its health check is run once; nothing is changed' },
  collect_diagnostics: {
    what: (target) => `collect diagnostics of ${target}`,
    yes: 'its state and its last lines are written to a file on the node; nothing is changed',
  },
  alert_only: { what: (target) => `notice about ${target}`, yes: 'you have seen it; nothing is done' },
};
