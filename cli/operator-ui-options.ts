/** What the operator-ui gets on a real machine, and in a demo: its web server, the observer's store beside it, the page that was built. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OperatorUiOptions } from '../actors/operator-ui/actor.ts';
import { createWebServer } from '../adapters/http/server.ts';
import type { ComposeOptions } from './compose.ts';
import { createStoredEvents } from './stored-events.ts';
import { version } from './version.ts';

export function operatorUiOptions({
  settings,
  anonymousAllowed,
  log,
}: Pick<ComposeOptions, 'anonymousAllowed' | 'log'> & { readonly settings: OperatorUiSettings }): OperatorUiOptions {
  const { http, node, passwords, dataRoot, loginsFile } = settings;
  return {
    version,
    web: createWebServer({
      ...http,
      loginsFile,
      // Whoever is on this machine may ask here what the broker lets them ask there.
      asksWithoutLogin: () => anonymousAllowed() || passwords[`operator-ui-${node}`] === undefined,
      pageDirectory: pageDirectory(),
      store: createStoredEvents({ dataRoot }),
      log,
    }),
  };
}

type OperatorUiSettings = Pick<ComposeOptions['settings'], 'http' | 'node' | 'passwords' | 'dataRoot' | 'loginsFile'>;

/** Beside the program where it is bundled (dist/homelab.cjs, dist/page), else in the dist of the checkout. */
function pageDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.endsWith('dist') ? join(here, 'page') : join(dirname(here), 'dist', 'page');
}
