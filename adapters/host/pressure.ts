/**
 * Pressure stall information of the kernel (Documentation/accounting/psi.rst, since 4.20): /proc/pressure/{memory,cpu,io}.
 *
 * Writes and remembers nothing. Where the kernel has none (no file), or has it switched off (`psi=0`, as on Raspberry Pi OS:
 * reading fails with EOPNOTSUPP), the answer is null.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pressure } from '../../actors/stability-agent/ports.ts';

export async function readPressure(resource: 'memory' | 'cpu' | 'io', procDirectory = '/proc'): Promise<Pressure | null> {
  try {
    return parsePressure(await readFile(join(procDirectory, 'pressure', resource), 'utf8'));
  } catch {
    return null;
  }
}

/** Lines `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and, except for the processors of kernels before 5.13, `full …`. */
export function parsePressure(text: string): Pressure | null {
  const share = (line: 'some' | 'full', span: 'avg60' | 'avg300'): number | null => {
    const digits = new RegExp(`^${line} .*\\b${span}=(\\d+(?:\\.\\d+)?)\\b`, 'm').exec(text)?.[1];
    return digits === undefined ? null : Number(digits);
  };
  const [someAvg60, someAvg300] = [share('some', 'avg60'), share('some', 'avg300')];
  if (someAvg60 === null || someAvg300 === null) return null;
  return { someAvg60, someAvg300, fullAvg60: share('full', 'avg60') ?? 0, fullAvg300: share('full', 'avg300') ?? 0 };
}
