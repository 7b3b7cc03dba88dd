/** Words that several messages share: local time, places, lines that fit. Pure. No ages: a text that changes by itself would be edited for ever. */

/** Telegram takes 4096; some room for what is put in front later. */
const textCharsMax = 4_000;
/** A line of evidence on a phone: about six of its lines. */
const lineCharsMax = 300;

/** Making one takes longer than using it a hundred times. By time zone. */
const formats = new Map<string, Intl.DateTimeFormat>();

function partsAt(at: string | number, timeZone: string): (type: Intl.DateTimeFormatPartTypes) => string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formats.set(timeZone, format);
  }
  const parts = format.formatToParts(new Date(at));
  return (type) => parts.find((each) => each.type === type)?.value ?? '';
}

/** `21 Nov 20:15`; always with the day, because it is read on other days too. */
export function localTime(at: string | number, timeZone: string): string {
  const part = partsAt(at, timeZone);
  return `${part('day')} ${part('month')} ${part('hour')}:${part('minute')}`;
}

/** Minutes since midnight. */
export function localMinutes(atMs: number, timeZone: string): number {
  const part = partsAt(atMs, timeZone);
  return Number(part('hour')) * 60 + Number(part('minute'));
}

/** One printable line; half a character at its cut end would be refused. */
export function oneLine(text: string, charsMax = lineCharsMax): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ').trim();
  return line.length > charsMax ? `${line.slice(0, charsMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
}

/** Lines that say something, as one text that Telegram takes. */
export function textOf(lines: readonly (string | null)[]): string {
  const said = lines.filter((line) => line !== null);
  let text = '';
  for (const line of said) {
    if (text.length + line.length + 2 > textCharsMax) return `${text}\n…`;
    text += text === '' ? line : `\n${line}`;
  }
  return text;
}

export const targetOf = ({ node, service }: { readonly node: string; readonly service: string | null }): string =>
  service === null ? node : `${service} on ${node}`;

/** `a, b, c and 4 more` */
export function listed(names: readonly string[], count = names.length, most = 5): string {
  const shown = names.slice(0, most);
  return count > shown.length ? `${shown.join(', ')} and ${count - shown.length} more` : shown.join(', ');
}
