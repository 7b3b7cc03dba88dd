/**
 * `homelab broker lint`: traps in mosquitto configurations with bridges that were written by hand. Reads the files and what their
 * include_dir names; changes nothing, asks nobody. Exit code 0 without errors, 1 with, 2 for a file that cannot be read.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigurationFile, lastOf, readConfiguration } from '../broker-lint/configuration.ts';
import { type LintFinding, lint } from '../broker-lint/lint.ts';
import { coloured, exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';

export async function brokerLint(settings: Settings, out: Output, names: readonly string[]): Promise<number> {
  const files = (await Promise.all([...new Set(names)].map(async (name) => withIncluded(await read(name))))).flat();
  const { bridges, findings } = lint(files, settings.topicRoot);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  if (out.json) {
    for (const finding of findings) out.value(finding);
    out.value({ status: errors === 0 ? 'valid' : 'invalid', errors, warnings, bridges, files: files.length });
  } else {
    for (const finding of findings) for (const line of shown(finding)) out.line(line);
    if (bridges === 0) out.line('no `connection` in these files: there is no bridge to judge');
    else out.line(`${counted(errors, 'error')}, ${counted(warnings, 'warning')}; ${counted(bridges, 'bridge')} in ${counted(files.length, 'file')}`);
  }
  return errors === 0 ? exitCodes.ok : exitCodes.trouble;
}

const shown = ({ file, line, severity, trap, what, why, instead }: LintFinding): readonly string[] => [
  `${file}:${line}  ${coloured(severity)}  ${what}  (${trap})`,
  `    ${why}`,
  `    Write: ${instead}`,
];

const counted = (count: number, noun: string): string => `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;

async function read(file: string): Promise<ConfigurationFile> {
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (error) {
    throw new UsageError(`${file}: expected a configuration of mosquitto, ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** As mosquitto: every *.conf of the directory, by name. Settings in there count, so one that cannot be read is an error, not a gap. */
async function withIncluded(file: ConfigurationFile): Promise<readonly ConfigurationFile[]> {
  const directory = lastOf(readConfiguration([file]).broker, 'include_dir');
  if (directory === null) return [file];
  try {
    const names = (await readdir(directory.value)).filter((name) => name.endsWith('.conf'));
    return [file, ...(await Promise.all(names.sort().map((name) => read(join(directory.value, name)))))];
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${file.file}:${directory.line}: include_dir ${directory.value} cannot be read here; judge its files with this one, without that line`,
    );
  }
}
