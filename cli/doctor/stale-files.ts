/** What lies in the data directory and should not: left locks, damaged journals, refused or forgotten events, data set aside. Pure. */
import { counted, type Finding, findingsOf, listed, quoted } from './finding.ts';

export interface LockSeen {
  readonly file: string;
  /** Process that holds it and lives; null: it is gone. */
  readonly holder: number | null;
}

export interface JournalSeen {
  readonly file: string;
  /** Whole lines that are not JSON, by number. */
  readonly broken: readonly number[];
  /** Bytes behind the last whole line, if nothing was written for a while. */
  readonly bytesHalf: number;
  /** Why it could not be read at all. */
  readonly unreadable: string | null;
}

export interface SpoolSeen {
  readonly file: string;
  readonly ageMs: number;
}

export interface DataSeen {
  readonly dataRoot: string;
  readonly locks: readonly LockSeen[];
  readonly journals: readonly JournalSeen[];
  readonly quarantine: readonly { readonly file: string; readonly lines: number }[];
  readonly spool: readonly SpoolSeen[];
  /** Stores of the built-in broker that could not be read and were put aside. */
  readonly setAside: readonly string[];
}

/** The node-agent takes a file at once; a minute covers its restart. */
const spoolTakenWithinMs = 60_000;

export const checkStaleFiles = (seen: DataSeen): readonly Finding[] => [locks(seen), journals(seen), quarantine(seen), spool(seen), brokerStore(seen)];

function locks(seen: DataSeen): Finding {
  const say = findingsOf('locks');
  const left = seen.locks.filter(({ holder }) => holder === null).map(({ file }) => file);
  const held = seen.locks.length - left.length;
  if (left.length === 0) return say.ok(held === 0 ? 'none' : `${held}, all held by living processes`, 'each actor runs at most once');
  return say.warning(
    `${counted(left.length, 'lock')} without a process: ${listed(left)}`,
    'it was killed without a goodbye; the next start takes over',
    'homelab up',
  );
}

function journals(seen: DataSeen): Finding {
  const say = findingsOf('journals');
  const [unreadable] = seen.journals.filter((each) => each.unreadable !== null);
  if (unreadable !== undefined)
    return say.error(`${unreadable.file}: ${unreadable.unreadable}`, 'its actor cannot start', `sudo chown -R "$USER" ${quoted(seen.dataRoot)}`);
  const broken = seen.journals.filter((each) => each.broken.length > 0);
  const half = seen.journals.filter((each) => each.bytesHalf > 0);
  if (broken.length > 0) {
    const count = broken.reduce((sum, each) => sum + each.broken.length, 0);
    const said = broken.map((each) => `${each.file}, line ${each.broken[0]}`);
    const mend = `sed -n ${broken[0]?.broken[0]}p ${quoted(broken[0]?.file ?? '')}   # see what it is; restore the file from a backup if it matters, check the disk with dmesg`;
    return say.error(
      `${counted(count, 'line')} cannot be read: ${listed(said)}`,
      'a crash cuts off the end only, so something else damaged it; those lines are skipped',
      mend,
    );
  }
  if (half.length > 0) {
    return say.warning(
      `half a line at the end of ${listed(half.map(({ file }) => file))}`,
      'a crash in the middle of a write; it was never acknowledged and the next start cuts it off',
      'homelab up',
    );
  }
  return say.ok(
    seen.journals.length === 0 ? 'none yet' : `${counted(seen.journals.length, 'file')}, every line read`,
    'the history, approvals and claims can be read',
  );
}

function quarantine(seen: DataSeen): Finding {
  const say = findingsOf('quarantine');
  const full = seen.quarantine.filter(({ lines }) => lines > 0);
  if (full.length === 0) return say.ok('empty', 'every event fitted its contract');
  const count = full.reduce((sum, { lines }) => sum + lines, 0);
  const files = full.map(({ file }) => quoted(file)).join(' ');
  return say.warning(
    `${counted(count, 'event')} in ${listed(full.map(({ file }) => file))}`,
    'they could not be used; each line has the reason',
    `less ${files}   # then, once understood: rm ${files}`,
  );
}

function spool(seen: DataSeen): Finding {
  const say = findingsOf('spool');
  const rejected = seen.spool.filter(({ file }) => file.endsWith('.rejected')).map(({ file }) => file);
  const late = seen.spool.filter(({ file, ageMs }) => file.endsWith('.json') && ageMs > spoolTakenWithinMs);
  if (late.length > 0) {
    const oldest = Math.round(Math.max(...late.map(({ ageMs }) => ageMs)) / 60_000);
    return say.warning(
      `${counted(late.length, 'event')} of homelab emit not taken for ${oldest} min`,
      'no node-agent runs on this data directory; they are safe on disk',
      'homelab run node-agent',
    );
  }
  if (rejected.length > 0) {
    const files = rejected.slice(0, 3).map(quoted).join(' ');
    return say.warning(
      `${counted(rejected.length, 'file')} refused: ${listed(rejected)}`,
      'not events as homelab emit writes them',
      `cat ${files}   # then: rm ${files}`,
    );
  }
  return say.ok(seen.spool.length === 0 ? 'empty' : `${counted(seen.spool.length, 'event')} on the way`, 'every event of homelab emit was taken');
}

function brokerStore(seen: DataSeen): Finding {
  const say = findingsOf('broker store');
  if (seen.setAside.length === 0) return say.ok('none was set aside', 'the built-in broker could always read its data');
  const all = seen.setAside.map(quoted).join(' ');
  return say.warning(
    `${counted(seen.setAside.length, 'damaged store')} set aside: ${listed(seen.setAside)}`,
    'the broker started empty and the actors published again; only messages for absent sessions were lost',
    `rm -r ${all}   # once nobody wants to look at it; if it happens again, check the disk: sudo dmesg | grep -i error`,
  );
}
