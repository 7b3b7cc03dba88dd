/**
 * `homelab actions history [id]`: the audit log. On the ledger's machine from its journal, which has everything; elsewhere from the
 * documents on the bus, which keep the newest moves of the last days. It says which it was.
 */
import { join } from 'node:path';
import { entriesOf, journalFiles } from '../../actors/ledger/journal-files.ts';
import { TimestampIn } from '../../contracts/common.ts';
import { nearestOf } from '../../contracts/inventory/nearest.ts';
import { topics } from '../../contracts/topics.ts';
import { type Page, pageOf, type Row, rowKey, rowOfEntry, rowsOfDocument } from '../history/trail.ts';
import { exitCodes, type Output, table } from '../output.ts';
import { visit } from '../session.ts';
import { type Settings, UsageError } from '../settings.ts';

export interface HistoryOptions {
  readonly limit?: string;
  readonly before?: string;
}

/** A screen. */
const limitUsual = 30;
const limitMax = 10_000;

export async function history(settings: Settings, out: Output, name: string | undefined, options: HistoryOptions): Promise<number> {
  const wanted = { limit: limitOf(options.limit), before: beforeOf(options.before) };
  const files = await journalFiles(join(settings.dataRoot, 'ledger'));
  const source = files.length > 0 ? 'journal' : 'bus';
  const { rows, broken } = source === 'journal' ? await fromJournal(files) : { rows: await fromBus(settings), broken: 0 };
  const ids = new Set(rows.map(({ id }) => id));
  const meant = name === undefined ? null : meantBy(name, ids);
  if (meant?.size === 0) {
    const near = nearestOf(name ?? '', ids);
    throw new UsageError(`no action is called ${JSON.stringify(name)}${near === null ? '' : `; did you mean ${near}?`} (${sourceWords(source, settings)})`);
  }
  const page = pageOf(meant === null ? rows : rows.filter(({ id }) => meant.has(id)), wanted);
  if (out.json) for (const row of page.rows) out.value({ ...row, source });
  else show(out, page, { broken, source: sourceWords(source, settings), again: name === undefined ? '' : ` ${name}` });
  return exitCodes.ok;
}

async function fromJournal(files: readonly string[]): Promise<{ readonly rows: readonly Row[]; readonly broken: number }> {
  const rows = new Map<string, Row>();
  let broken = 0;
  for (const file of files) {
    for await (const entry of entriesOf(file, () => (broken += 1))) {
      const row = rowOfEntry(entry);
      if (row !== null) rows.set(rowKey(row), row);
    }
  }
  return { rows: [...rows.values()], broken };
}

async function fromBus(settings: Settings): Promise<readonly Row[]> {
  const actions = await visit(settings, (at) => at.documents(topics.action));
  return actions.flatMap(rowsOfDocument).sort((a, b) => (a.at < b.at ? -1 : a.at === b.at ? 0 : 1));
}

/** An exact name beats a beginning; a beginning may mean several. */
function meantBy(name: string, ids: ReadonlySet<string>): ReadonlySet<string> {
  const wanted = name.trim().toLowerCase();
  return ids.has(wanted) ? new Set([wanted]) : new Set([...ids].filter((id) => id.startsWith(wanted)));
}

const sourceWords = (source: 'journal' | 'bus', settings: Settings): string =>
  source === 'journal'
    ? `from the journal in ${join(settings.dataRoot, 'ledger')}`
    : 'from the documents on the bus: the newest 20 moves of actions that are open or ended within 7 days; the journal is on the machine of the ledger';

function show(
  out: Output,
  { rows, before }: Page,
  { broken, source, again }: { readonly broken: number; readonly source: string; readonly again: string },
): void {
  if (rows.length === 0) out.line('No action was ever proposed.');
  else out.line(table(['when', 'action', 'what', 'who', 'from', 'why'], rows.map(cells)));
  out.line('');
  if (before !== null) out.line(`Older: homelab actions history${again} --before ${before}`);
  out.line(`Read ${source}.${broken === 0 ? '' : ` ${broken} lines could not be read.`}`);
}

function cells({ at, id, attempt, from, to, who, login, front_end, asked_at, site, note, evidence }: Row): readonly string[] {
  const move = from === to ? `still ${to}` : `${from === null ? '' : `${from} → `}${to}`;
  const where = [front_end ?? '', login === who ? '' : (login ?? ''), asked_at === null ? '' : `at ${asked_at}`, site ?? '']
    .filter((part) => part !== '')
    .join(', ');
  const reason = [
    note,
    evidence === null || to !== 'pending' ? '' : [evidence.trigger_type, evidence.message, evidence.incident_id ?? ''].filter(Boolean).join(' '),
  ];
  return [`${at.slice(0, 19)}Z`, attempt === null ? id : `${id} #${attempt}`, move, who, where, reason.filter((part) => part !== '').join('; ')];
}

function limitOf(text: string | undefined): number {
  const value = text === undefined ? limitUsual : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= limitMax) return value;
  throw new UsageError(`--limit ${text}: expected 1 to ${limitMax}`);
}

function beforeOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const { data } = TimestampIn.safeParse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (data === undefined) throw new UsageError(`--before ${text}: expected a day or a time in UTC, such as 2026-01-31 or 2026-01-31T18:00:00Z`);
  return data;
}
