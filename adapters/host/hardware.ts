/**
 * What a machine is: processor, memory, disk, system, addresses; from proc(5), sysfs(5) and os-release(5).
 *
 * Writes and remembers nothing. What cannot be found out is null; it never fails.
 */
import { readFile, readlink, stat, statfs } from 'node:fs/promises';
import { arch, cpus, networkInterfaces, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';

export interface Hardware {
  /** As container images call it; null: one that images are not made for here. */
  readonly arch: 'amd64' | 'arm64' | 'armv7' | null;
  readonly cores: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly disk: { readonly bytes: number | null; readonly medium: DiskMedium | null };
  /** `debian-12`. */
  readonly os: string | null;
  /** It has an address of its own in the internet. */
  readonly hasPublicAddress: boolean;
}

export type DiskMedium = 'ssd' | 'nvme' | 'hdd' | 'sd_card' | 'emmc' | 'virtual';

const architectures: Readonly<Record<string, Hardware['arch']>> = { x64: 'amd64', arm64: 'arm64', arm: 'armv7' };

/** `directory` is on the disk that is meant. */
export async function readHardware(directory: string): Promise<Hardware> {
  const [cpuinfo, release, bytes, medium] = await Promise.all([text('/proc/cpuinfo'), text('/etc/os-release'), diskBytes(directory), diskMedium(directory)]);
  const threads = cpus().length;
  return {
    arch: architectures[arch()] ?? null,
    cores: coresOf(cpuinfo) ?? threads,
    threads,
    memoryBytes: totalmem(),
    disk: { bytes, medium },
    os: systemOf(release),
    hasPublicAddress: Object.values(networkInterfaces()).some((addresses) =>
      (addresses ?? []).some(({ family, address }) => family === 'IPv4' && isPublic(address)),
    ),
  };
}

/** Physical cores: pairs of socket and core; null where /proc/cpuinfo does not say (ARM). */
export function coresOf(cpuinfo: string): number | null {
  const pairs = cpuinfo.split(/\n\n/).map((block) => [/^physical id\s*: (\d+)/m.exec(block)?.[1], /^core id\s*: (\d+)/m.exec(block)?.[1]]);
  const known = pairs.filter(([socket, core]) => socket !== undefined && core !== undefined).map((pair) => pair.join('/'));
  return known.length === 0 ? null : new Set(known).size;
}

/** `ID=debian` and `VERSION_ID="12"` → debian-12. */
export function systemOf(release: string): string | null {
  const value = (key: string): string | undefined => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1];
  const id = value('ID');
  return id === undefined || id === '' ? null : [id, value('VERSION_ID')].filter(Boolean).join('-');
}

/** None of RFC 1918, RFC 6598 (carriers, and the mesh), loopback and link-local. */
export const isPublic = (address: string): boolean =>
  !/^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(address);

async function diskBytes(directory: string): Promise<number | null> {
  return statfs(directory).then(
    ({ blocks, bsize }) => blocks * bsize,
    () => null,
  );
}

/** The kernel's name of the disk says most; `rotational` tells the rest apart. null on a file system that is no disk. */
async function diskMedium(directory: string): Promise<DiskMedium | null> {
  try {
    const { dev } = await stat(directory);
    // makedev(3) of glibc: 12 bits of the major number above 8 of the minor, whose others are higher still.
    const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)];
    const device = `/sys/dev/block/${major}:${minor}`;
    const path = join(dirname(device), await readlink(device));
    const isPartition = (await text(join(path, 'partition'))) !== '';
    const disk = isPartition ? dirname(path) : path;
    return mediumOf(basename(disk), (await text(join(disk, 'queue/rotational'))).trim(), (await text(join(disk, 'device/type'))).trim());
  } catch {
    return null;
  }
}

export function mediumOf(name: string, rotational: string, cardType: string): DiskMedium | null {
  if (name.startsWith('mmcblk')) return cardType === 'MMC' ? 'emmc' : 'sd_card';
  if (name.startsWith('nvme')) return 'nvme';
  if (/^(vd|xvd)/.test(name)) return 'virtual';
  if (rotational === '1') return 'hdd';
  return rotational === '0' ? 'ssd' : null;
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
