/** What a process has in memory, from /proc: its share of what it has together with others counted as a share (PSS), and the most it ever had. */
import { readFileSync } from 'node:fs';

const mib = (text: string, field: string): number => {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  if (kib === undefined) throw new Error(`the process has ended, or its kernel does not say ${field}`);
  return Number(kib) / 1024;
};

export const shareMiB = (pid: number): number => mib(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');

export const residentMiB = (pid: number): number => mib(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS');

/** Resident, not PSS: the kernel keeps no peak of that. */
export const peakMiB = (pid: number): number => mib(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM');
