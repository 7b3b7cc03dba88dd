/** Times, ages and sizes as people read them, in the time zone of the reader. Pure; `nowMs` is epoch milliseconds. */
import { texts } from '../texts.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** "12 s", "5 min", "3 h", "2 d"; as the command line says it. */
export function duration(ms: number): string {
  const { s, min, h, d } = texts.units;
  const positive = Math.max(0, ms);
  if (positive < 2 * minuteMs) return `${Math.round(positive / secondMs)} ${s}`;
  if (positive < 2 * hourMs) return `${Math.round(positive / minuteMs)} ${min}`;
  if (positive < 2 * dayMs) return `${Math.round(positive / hourMs)} ${h}`;
  return `${Math.round(positive / dayMs)} ${d}`;
}

export const ageOf = (iso: string, nowMs: number): string => duration(nowMs - Date.parse(iso));

const pad = (value: number): string => String(value).padStart(2, '0');

/** "14:03", with the day in front when it is not today. */
export function clockTime(at: string | number, nowMs: number): string {
  const date = new Date(at);
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return isSameDay(date, new Date(nowMs)) ? time : `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
}

/** "14:03:59", for lists of what happened. */
export function clockSeconds(at: string, nowMs: number): string {
  return `${clockTime(at, nowMs)}:${pad(new Date(at).getSeconds())}`;
}

const isSameDay = (a: Date, b: Date): boolean => a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();

const steps = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** "1.2 GB": room on a disk, decimal; as `homelab` says it everywhere else. */
export function bytes(value: number): string {
  let rest = value;
  let at = 0;
  while (rest >= 1000 && at < steps.length - 1) {
    rest /= 1000;
    at += 1;
  }
  return `${rest >= 100 || at === 0 ? Math.round(rest) : rest.toFixed(1)} ${steps[at]}`;
}

/** "1,344 MiB": memory, in the unit in which it is declared; as `homelab explain` says it. */
export const mebibytes = (value: number): string => `${Math.round(value / 2 ** 20).toLocaleString('en')} ${texts.units.mib}`;

/** For a drawing, which breaks no lines. */
export const shortened = (text: string, charsMax: number): string => (text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`);

/** A demo ends every summary with this; the page says it once, at its top. */
export const withoutMark = (text: string): string => text.replace(/ \(simulated\)$/, '');
