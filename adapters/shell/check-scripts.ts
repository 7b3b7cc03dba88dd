/**
 * Asks a shell, and shellcheck where it is installed, whether scripts are clean; runs none of them.
 * Reads: the scripts. Writes and remembers: nothing. Fails: a shell that is missing or hangs is a complaint.
 */
import { z } from 'zod';
import { runProgram } from './run-program.ts';

export interface ScriptComplaint {
  /** As it was given. */
  readonly script: string;
  readonly line: number;
  readonly column: number;
  readonly detail: string;
}

/** A parse takes milliseconds. */
const shellDeadlineMs = 10_000;
/** Processes at once: the smallest machine this must run on has two cores. */
const shellsAtOnce = 4;

const ShellcheckOutput = z.object({
  comments: z.array(z.object({ file: z.string(), line: z.int(), column: z.int(), level: z.string(), code: z.int(), message: z.string() })),
});

/** Scripts that their shell cannot parse, and what shellcheck warns of in the others. */
export async function checkScripts(
  directory: string,
  scripts: readonly { readonly path: string; readonly shell: string }[],
): Promise<{ readonly complaints: readonly ScriptComplaint[]; readonly isShellcheckMissing: boolean }> {
  const waiting = [...scripts];
  const unparsable: ScriptComplaint[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const complaint = await parse(directory, next.path, next.shell);
      if (complaint !== null) unparsable.push(complaint);
    }
  };
  const [warned] = await Promise.all([
    shellcheck(
      directory,
      scripts.map(({ path }) => path),
    ),
    ...Array.from({ length: shellsAtOnce }, worker),
  ]);
  const others = (warned ?? []).filter(({ script }) => !unparsable.some((each) => each.script === script));
  return { complaints: [...unparsable, ...others], isShellcheckMissing: warned === null };
}

/** `sh -n`: reads the whole script and performs nothing of it. */
async function parse(directory: string, script: string, shell: string): Promise<ScriptComplaint | null> {
  const ran = await runProgram(shell, ['-n', script], { deadlineMs: shellDeadlineMs, cwd: directory });
  const at = { script, line: 1, column: 1 };
  if (ran.kind === 'missing') return { ...at, detail: `there is no ${shell} to parse it with` };
  if (ran.kind === 'too-late') return { ...at, detail: `${shell} -n gave no answer within ${shellDeadlineMs / 1000} s` };
  if (ran.code === 0) return null;
  // dash: `script: 3: Syntax error: …`; bash: `script: line 3: syntax error …`
  const match = /^[^\n]*?: (?:line )?(\d+): ([^\n]*)/.exec(ran.stderr);
  return { ...at, line: Number(match?.[1] ?? 1), detail: `${shell} -n: ${match?.[2] ?? ran.stderr.trim().split('\n')[0] ?? ''}` };
}

/** Warnings and errors; remarks on style are a matter of taste. A missing first line has a rule of its own (SC2148). */
async function shellcheck(directory: string, scripts: readonly string[]): Promise<readonly ScriptComplaint[] | null> {
  if (scripts.length === 0) return [];
  const ran = await runProgram('shellcheck', ['--format=json1', '--severity=warning', '--exclude=SC2148', ...scripts], {
    deadlineMs: shellDeadlineMs,
    cwd: directory,
  });
  if (ran.kind === 'missing') return null;
  const output = ran.kind === 'ended' ? parsedJson(ran.stdout) : null;
  const result = ShellcheckOutput.safeParse(output);
  if (!result.success) return [{ script: scripts[0] ?? '', line: 1, column: 1, detail: 'shellcheck failed; nothing is known of the scripts' }];
  return result.data.comments.map(({ file, line, column, code, message }) => ({ script: file, line, column, detail: `SC${code}: ${message}` }));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
