/**
 * Epoch milliseconds of an ISO 8601 time, as Date.parse gives them. Pure.
 *
 * A replay reads three times per event, and Date.parse costs as much as a quarter of parsing the whole line; the one form
 * that this program writes is read digit by digit, everything else by Date.parse.
 */

const zero = '0'.charCodeAt(0);

/** Length of `2026-01-01T00:00:00.000Z`. */
const usualLength = 24;

/** `-`, `-`, `T`, `:`, `:`, `.`, `Z` and where they stand. */
const hasUsualMarks = (text: string): boolean =>
  text.length === usualLength &&
  text.charCodeAt(4) === 45 &&
  text.charCodeAt(7) === 45 &&
  text.charCodeAt(10) === 84 &&
  text.charCodeAt(13) === 58 &&
  text.charCodeAt(16) === 58 &&
  text.charCodeAt(19) === 46 &&
  text.charCodeAt(23) === 90;

/** Larger than anything that is allowed, where the character is no digit. */
const noDigit = Number.POSITIVE_INFINITY;

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - zero;
  return value >= 0 && value <= 9 ? value : noDigit;
}

const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

/** The day that was asked for last, and when it began: times come in order, so it is nearly always the same one. */
let lastDay = -1;
let lastDayMs = Number.NaN;

/** NaN for what is no time. */
export function isoMs(text: string): number {
  if (!hasUsualMarks(text)) return Date.parse(text);
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const dayOfMonth = two(text, 8);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  const ms = two(text, 20) * 10 + digit(text, 22);
  // The ends of months, and midnight as 24: rare, and Date.parse knows which of them there are.
  const isPlain = year <= 9999 && month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= 28 && hour <= 23 && minute <= 59 && second <= 59 && ms <= 999;
  if (!isPlain) return Date.parse(text);
  const day = (year * 100 + month) * 100 + dayOfMonth;
  if (day !== lastDay) {
    lastDayMs = Date.parse(text.slice(0, 'YYYY-MM-DD'.length));
    lastDay = day;
  }
  return lastDayMs + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
}
