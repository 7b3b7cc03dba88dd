/** A real mosquitto with the files that are generated for a site of a declared homelab, set up as a person would: passwords filled in and hashed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTree } from '../../adapters/files/tree.ts';
import { siteBroker } from '../../cli/broker-config/site-broker.ts';
import { siteFiles } from '../../cli/broker-config/site-files.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { type Files, writeFiles } from './declared-files.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';

export interface SiteMosquitto {
  readonly mosquitto: Mosquitto;
  /** Where mosquitto keeps what is retained and queued. */
  readonly database: string;
  stop(): Promise<void>;
}

/** Every login gets this one; `left` out are logins that nobody filled in. */
export const sitePassword = 'a password for tests';

export async function startSiteMosquitto(files: Files, site: string, port: number, left: readonly string[] = []): Promise<SiteMosquitto> {
  const inventory = writeFiles(files);
  const directory = mkdtempSync(join(tmpdir(), 'mosquitto-site-'));
  try {
    const broker = siteBroker(await readTree(inventory), site, topicRoot);
    const paths = { acl: join(directory, 'acl.conf'), passwords: join(directory, 'passwd'), tls: `${directory}/`, data: `${directory}/` };
    const generated = siteFiles(broker, paths);
    writeFileSync(paths.acl, generated.get('acl.conf') ?? '');
    writeFileSync(paths.passwords, passwordFile(directory, generated.get('passwd.template') ?? '', left));
    const mosquitto = await startMosquitto({ complete: generated.get('mosquitto.conf') ?? '', port, dataDir: directory });
    const stop = async (): Promise<void> => {
      await mosquitto.stop();
      rmSync(directory, { recursive: true, force: true });
    };
    return { mosquitto, database: join(directory, 'mosquitto.db'), stop };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(inventory, { recursive: true, force: true });
  }
}

/** As the head of the template says: without its comments, a password behind each colon, hashed once. What was left out stays as it is. */
export function passwordFile(directory: string, template: string, left: readonly string[]): string {
  const lines = template.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const filled = lines.filter((line) => !left.includes(line.slice(0, -1)));
  const file = join(directory, 'filled');
  writeFileSync(file, filled.map((line) => `${line}${sitePassword}\n`).join(''));
  chmodSync(file, 0o600);
  if (filled.length > 0) execFileSync('mosquitto_passwd', ['-U', file]);
  const hashed = readFileSync(file, 'utf8');
  return `${hashed}${left.map((login) => `${login}:\n`).join('')}`;
}
