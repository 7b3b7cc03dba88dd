/** The embedded broker of a site of a declared homelab, with hashed logins, as `homelab broker` starts it where that site's broker is declared. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withPassword, writeLogins } from '../../adapters/logins/logins-file.ts';
import { silentLog } from '../../bus/log.ts';
import { brokerTopics } from '../../cli/broker-options.ts';
import { startWithLogins } from '../../cli/creds/open-logins.ts';
import { readSettings } from '../../cli/settings.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { type Files, writeFiles } from './declared-files.ts';
import { sitePassword } from './mosquitto-site.ts';
import { StepClock } from './step-clock.ts';

export interface EmbeddedSite {
  readonly url: string;
  readonly loginsFile: string;
  /** Its clock goes on by half a minute. */
  showFigures(): void;
  stop(): Promise<void>;
}

/** Every login gets the same password as at the mosquitto of a site. */
export async function startSiteEmbedded(files: Files, site: string, port: number, logins: readonly string[]): Promise<EmbeddedSite> {
  const inventory = writeFiles(files);
  const root = mkdtempSync(join(tmpdir(), 'embedded-site-'));
  const remove = (): void => {
    for (const directory of [inventory, root]) rmSync(directory, { recursive: true, force: true });
  };
  try {
    const loginsFile = join(root, 'logins.yaml');
    let known = new Map() as Awaited<ReturnType<typeof withPassword>>;
    for (const login of logins) known = await withPassword(known, login, sitePassword, { isRandom: true });
    writeLogins(loginsFile, known);
    const node = site === 'hub' ? 'vps' : 'cabin-1';
    const settings = readSettings({ HOMELAB_INVENTORY: inventory, HOMELAB_ROOT: root, HOMELAB_SITE: site, NODE_NAME: node });
    const clock = new StepClock();
    const broker = await startWithLogins(settings, {
      host: '127.0.0.1',
      port,
      dataDir: null,
      ...brokerTopics(topicRoot),
      clock,
      version: 'test',
      log: silentLog,
    });
    return {
      url: `mqtt://127.0.0.1:${broker.port}`,
      loginsFile,
      showFigures: () => {
        clock.advance(31_000);
      },
      stop: async () => {
        await broker.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
