/** When and on what the figures were taken: enough to compare, and nothing that names the machine. */
import { availableParallelism, loadavg, release, totalmem } from 'node:os';

export function machineLine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, ${gib} GiB, kernel ${release()}, Node ${process.version}, load at the end ${load}`;
}
