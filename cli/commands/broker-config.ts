/**
 * `homelab broker config`: configuration, access list and password-file template for the mosquitto of a site, printed or written.
 * Reads the files of the inventory directory; asks nobody. Exit code 2 where they do not say enough, or a file would be lost.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTree } from '../../adapters/files/tree.ts';
import { generatedMark } from '../broker-config/header.ts';
import { type Layout, layouts } from '../broker-config/mosquitto-conf.ts';
import { siteBroker } from '../broker-config/site-broker.ts';
import { siteFiles } from '../broker-config/site-files.ts';
import { exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';

export interface BrokerConfigOptions {
  readonly write?: string;
  readonly file?: string;
  readonly layout?: string;
}

export async function brokerConfig(settings: Settings, out: Output, site: string, options: BrokerConfigOptions): Promise<number> {
  const files = siteFiles(siteBroker(await readTree(settings.inventoryDir), site, settings.topicRoot), layouts[layoutOf(options.layout)]);
  if (options.file !== undefined && !files.has(options.file)) {
    throw new UsageError(`--file ${JSON.stringify(options.file)}: expected one of ${[...files.keys()].join(', ')}`);
  }
  const wanted = [...files].filter(([name]) => options.file === undefined || name === options.file);
  if (options.write !== undefined) {
    for (const path of write(options.write, wanted)) if (!out.json) out.line(`written  ${path}`);
  } else if (!out.json) for (const [name, text] of wanted) out.line(wanted.length === 1 ? text.trimEnd() : `==> ${name} <==\n${text}`);
  if (out.json) out.value({ site, files: Object.fromEntries(wanted) });
  return exitCodes.ok;
}

function layoutOf(said: string | undefined): Layout {
  const layout = (Object.keys(layouts) as Layout[]).find((each) => each === (said ?? 'container'));
  if (layout === undefined) throw new UsageError(`--layout ${JSON.stringify(said)}: expected one of ${Object.keys(layouts).join(', ')}`);
  return layout;
}

/** All or nothing: what a person wrote is looked for before anything is written. */
function write(directory: string, files: readonly (readonly [string, string])[]): readonly string[] {
  const paths = files.map(([name, text]) => ({ path: join(directory, name), text }));
  for (const { path } of paths) {
    const there = textOf(path);
    if (there !== null && !there.startsWith(generatedMark))
      throw new UsageError(`${path} was written by hand; move it away first: homelab broker config writes over nothing but its own files`);
  }
  try {
    mkdirSync(directory, { recursive: true });
    for (const { path, text } of paths) writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`--write ${directory}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return paths.map(({ path }) => path);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
