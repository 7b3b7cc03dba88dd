/** For tests: a shell script in place of docker-compose, which notes how it was called. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComposeProgram } from '../../adapters/compose/programs.ts';

export class ScriptedCompose {
  /** What it does at `config` and at `up`, in sh; `$0.calls` gets a line for each call. */
  config: string;
  up = 'echo "Recreating web ... done" >&2';
  private readonly path: string;

  constructor(directory: string, config: string) {
    this.path = join(directory, 'compose');
    this.config = config;
  }

  program(version = '1.29.2'): ComposeProgram {
    return { command: this.path, args: [], version };
  }

  /** As it is described now. */
  write(): void {
    const cases = `*" config "*) ${this.config} ;;\n*" up "*) ${this.up} ;;`;
    writeFileSync(this.path, `#!/bin/sh\necho "$*" >> "$0.calls"\nenv > "$0.env"\ncase " $* " in\n${cases}\nesac\n`);
    chmodSync(this.path, 0o755);
  }

  get calls(): readonly string[] {
    const file = `${this.path}.calls`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  get ups(): readonly string[] {
    return this.calls.filter((each) => each.includes(' up '));
  }

  /** Of the last call. */
  get env(): string {
    return readFileSync(`${this.path}.env`, 'utf8');
  }
}
