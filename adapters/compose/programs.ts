/**
 * Which docker-compose there is on this machine, by major version: 1 (the Python program) and 2 or newer.
 * Reads: PATH, and docker's plugins. Fails: what is missing, hangs or answers something else counts as not there.
 */
import { runProgram } from '../shell/run-program.ts';

export interface ComposeProgram {
  readonly command: string;
  /** Before the arguments of docker-compose. */
  readonly args: readonly string[];
  /** As it says itself: `1.29.2`. */
  readonly version: string;
}

export interface ComposePrograms {
  readonly v1: ComposeProgram | null;
  /** 2 or newer: these read the same files. */
  readonly v2: ComposeProgram | null;
}

/** Either name may be either version: distributions call version 2 `docker-compose` too. */
const candidates = [
  { command: 'docker-compose', args: [] },
  { command: 'docker', args: ['compose'] },
] as const;

/** Python alone takes 300 ms to start on an idle machine; what takes longer than this is not going to answer. */
const versionDeadlineMs = 10_000;

export async function findComposePrograms(): Promise<ComposePrograms> {
  const found = await Promise.all(
    candidates.map(async ({ command, args }): Promise<ComposeProgram | null> => {
      const ran = await runProgram(command, [...args, 'version', '--short'], { deadlineMs: versionDeadlineMs });
      const version = ran.kind === 'ended' && ran.code === 0 ? /\d+\.\d+[\w.+-]*/.exec(ran.stdout)?.[0] : undefined;
      return version === undefined ? null : { command, args, version };
    }),
  );
  const programs = found.filter((program) => program !== null);
  const isV1 = ({ version }: ComposeProgram): boolean => version.startsWith('1.');
  return { v1: programs.find(isV1) ?? null, v2: programs.find((program) => !isV1(program)) ?? null };
}

/** `docker-compose 1.29.2` */
export const shownProgram = ({ command, args, version }: ComposeProgram): string => [command, ...args, version].join(' ');
