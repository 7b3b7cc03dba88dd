/** One handler for each action type; the mapped type makes a forgotten one a compile error. */
import type { ActionType } from '../../../contracts/action.ts';
import { alertOnly } from './alert-only.ts';
import { collectDiagnostics } from './collect-diagnostics.ts';
import { containerRestart } from './container-restart.ts';
import { deployService } from './deploy-service.ts';
import { diskCleanup } from './disk-cleanup.ts';
import type { Handler } from './handler.ts';
import { redeploy } from './redeploy.ts';
import { rerunHealthcheck } from './rerun-healthcheck.ts';
import { rollback } from './rollback.ts';

export const handlers: { readonly [T in ActionType]: Handler } = {
  container_restart: containerRestart,
  redeploy,
  deploy_service: deployService,
  disk_cleanup: diskCleanup,
  rollback,
  rerun_healthcheck: rerunHealthcheck,
  collect_diagnostics: collectDiagnostics,
  alert_only: alertOnly,
};
