/** Room on the disk of the data directory: bytes and inodes. What is full keeps no events and no approvals. Pure. */
import { diskUse } from '../../adapters/host/metrics.ts';
import { type Finding, findingsOf, quoted } from './finding.ts';

/** As statfs(2) says it. */
export interface Space {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly bsize: number;
  readonly files: number;
  readonly ffree: number;
}

/** From here a machine with some images to pull fills within days, and file systems begin to slow down. */
const warningPct = 85;
/** ext4 keeps 5 % for root: above this an ordinary user's writes are the next to fail. */
const errorPct = 95;

const why = `a warning from ${warningPct} % (room for one more large image), an error from ${errorPct} % (ext4 keeps the last 5 % for root: then events and approvals cannot be stored)`;

export function checkSpace(directory: string, space: Space): readonly Finding[] {
  return [bytes(directory, space), inodes(directory, space)];
}

function bytes(directory: string, space: Space): Finding {
  const { diskPct, diskFreeBytes } = diskUse(space);
  const free = diskFreeBytes === null ? '' : `, ${gigabytes(diskFreeBytes)} free`;
  return judge({
    name: 'disk space',
    pct: diskPct,
    said: `used${free} at ${directory}`,
    mend: 'docker image prune   # asks first; what else is large: docker system df',
  });
}

function inodes(directory: string, { files, ffree }: Space): Finding {
  // btrfs and zfs make them as they go, and say 0.
  if (files === 0) return findingsOf('inodes').ok('this file system has no fixed number', 'there is no limit on the number of files');
  const mend = `sudo du --inodes -xd 3 / | sort -n | tail -n 15   # where the files are (data: ${quoted(directory)})`;
  return judge({ name: 'inodes', pct: Math.round((1 - ffree / files) * 1000) / 10, said: `used, ${ffree} free at ${directory}`, mend });
}

function judge(of: { readonly name: string; readonly pct: number | null; readonly said: string; readonly mend: string }): Finding {
  const say = findingsOf(of.name);
  if (of.pct === null) return say.warning('the file system does not say how full it is', 'nobody will notice when it fills', 'df -h');
  const found = `${of.pct} % ${of.said}`;
  if (of.pct >= errorPct) return say.error(found, why, of.mend);
  return of.pct >= warningPct ? say.warning(found, why, of.mend) : say.ok(found, 'there is room');
}

const gigabytes = (bytesFree: number): string => (bytesFree >= 1e9 ? `${(bytesFree / 1e9).toFixed(1)} GB` : `${Math.round(bytesFree / 1e6)} MB`);
