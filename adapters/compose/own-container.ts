/**
 * In which container this process runs, if any: what replaces that one would end itself half-way, and what it reads is at another path
 * outside unless it is mounted at the same one.
 *
 * Reads the mounts of this process. On the host network its host name is that of the machine, and cgroup v2 shows no id; the engine mounts
 * three files of its own into every container, from a directory named after it.
 */
import { readFile } from 'node:fs/promises';

/** `… /var/lib/docker/containers/<id>/hostname /etc/hostname rw …`: elsewhere the machine shows the mounts of all its containers. */
const ownMount = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf) \/etc\//;

export const containerIn = (mountInfo: string): string | null => ownMount.exec(mountInfo)?.[1] ?? null;

/** null: none; without a /proc nobody runs in a container of Docker. */
export const ownContainer = async (): Promise<string | null> => containerIn(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));

interface Mount {
  readonly Source: string;
  readonly Destination: string;
}

/** Whether a path in a container with these mounts is the same one on its machine. */
export function isSameOutside(path: string, mounts: readonly Mount[]): boolean {
  const above = mounts.filter(({ Destination }) => path === Destination || path.startsWith(`${Destination === '/' ? '' : Destination}/`));
  const [nearest] = above.sort((a, b) => b.Destination.length - a.Destination.length);
  return nearest !== undefined && nearest.Source === nearest.Destination;
}
