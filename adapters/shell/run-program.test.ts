import { expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

it('gives the exit code and both outputs', async () => {
  expect(await runProgram('sh', ['-c', 'echo out; echo err >&2; exit 3'], { deadlineMs: 10_000 })).toEqual({
    kind: 'ended',
    code: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
});

it('gives the program only the environment it was given', async () => {
  const ran = await runProgram('sh', ['-c', 'echo "$HOME-$OURS"'], { deadlineMs: 10_000, env: { PATH: process.env['PATH'] ?? '', OURS: 'yes' } });
  expect(ran).toMatchObject({ stdout: '-yes\n' });
});

it('says that a program is missing', async () => {
  expect(await runProgram('no-such-program-anywhere', [], { deadlineMs: 10_000 })).toEqual({ kind: 'missing' });
});

it('does not wait for a program that hangs, nor for its children', async () => {
  expect(await runProgram('sh', ['-c', 'sleep 600 & sleep 600'], { deadlineMs: 50 })).toEqual({ kind: 'too-late' });
});
