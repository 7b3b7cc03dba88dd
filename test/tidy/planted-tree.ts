/**
 * A small source tree in the temporary directory, with the project's own configuration and packages, in which tests
 * plant what the checkers must refuse. Writes there only; removed with `remove`.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const projectRoot = join(import.meta.dirname, '../..');

export interface PlantedTree {
  /** Runs a checker of the project in the tree. Never rejects: checkers exit with 1 when they find something. */
  run(checker: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
  remove(): void;
}

/** `files`: contents by path. `configuration`: files of the project that the checker reads. */
export function plantTree(files: Readonly<Record<string, string>>, configuration: readonly string[]): PlantedTree {
  const root = mkdtempSync(join(tmpdir(), 'homelab-tidy-'));
  for (const name of ['package.json', 'tsconfig.json', ...configuration]) copyFileSync(join(projectRoot, name), join(root, name));
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return {
    run: (checker, ...args) =>
      new Promise((resolve) => {
        const options = { cwd: root, maxBuffer: 16 * 1024 * 1024, encoding: 'utf8' } as const;
        execFile(join(projectRoot, 'node_modules/.bin', checker), args, options, (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, output: stdout === '' ? stderr : stdout });
        });
      }),
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
