/**
 * Certificates of this machine: those that `homelab creds` made, that of the built-in broker, and the CA that its clients trust. An expired one
 * cuts everybody off at once, and says so nowhere else.
 */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tlsDirectory } from '../creds/certificate.ts';
import type { Settings } from '../settings.ts';
import { codeOf, counted, type Finding, findingsOf, messageOf, quoted } from './finding.ts';

const dayMs = 86_400_000;
/** A month: time for somebody who looks once a week to make a new one and carry it to where it is used. */
export const soonMs = 30 * dayMs;

export interface SeenCertificate {
  readonly file: string;
  /** Of the first certificate in it; null: it cannot be read as one. */
  readonly endsAtMs: number | null;
  readonly isAuthority: boolean;
  readonly problem: string | null;
}

type Where = Pick<Settings, 'dataRoot' | 'brokerCa' | 'brokerListen'>;

export async function certificateFiles({ dataRoot, brokerCa, brokerListen }: Where): Promise<readonly string[]> {
  const directory = tlsDirectory(dataRoot);
  const made = (await readdir(directory).catch(() => []))
    .filter((name) => name.endsWith('.pem') && !name.endsWith('-key.pem'))
    .map((name) => join(directory, name));
  return [...new Set([...made.sort(), ...(brokerListen.tlsCert === undefined ? [] : [brokerListen.tlsCert]), ...(brokerCa === undefined ? [] : [brokerCa])])];
}

export async function readCertificate(file: string): Promise<SeenCertificate> {
  try {
    const certificate = new X509Certificate(await readFile(file));
    return { file, endsAtMs: Date.parse(certificate.validTo), isAuthority: certificate.ca, problem: null };
  } catch (error) {
    return { file, endsAtMs: null, isAuthority: false, problem: codeOf(error) === 'ENOENT' ? 'it is not there' : messageOf(error) };
  }
}

/** Nothing to say where there are none. */
export function checkCertificates(seen: readonly SeenCertificate[], nowMs: number): readonly Finding[] {
  const say = findingsOf('certificates');
  if (seen.length === 0) return [];
  const findings = seen.flatMap(({ file, endsAtMs, isAuthority, problem }) => {
    const mend = isAuthority
      ? `mv ${quoted(file)} ${quoted(`${file}.old`)} && homelab creds ca   # then new certificates for all brokers, and the new CA for all clients`
      : 'homelab creds certificate <host…>   # the same hosts again; then restart the broker';
    if (endsAtMs === null) return [say.error(`${file}: ${problem ?? 'no certificate'}`, 'whoever needs it cannot connect', mend)];
    const said = `${file} ${whenOf(endsAtMs, nowMs)}`;
    if (endsAtMs <= nowMs) return [say.error(said, 'nobody who checks it connects any more', mend)];
    if (endsAtMs - nowMs < soonMs) return [say.warning(said, 'nobody who checks it connects from then on', mend)];
    return [];
  });
  if (findings.length > 0) return findings;
  const first = Math.min(...seen.map(({ endsAtMs }) => endsAtMs ?? Number.POSITIVE_INFINITY));
  return [say.ok(`${seen.length} here, the first ${whenOf(first, nowMs)}`, 'TLS connections are trusted until then')];
}

/** "ends on 2026-05-01, in 12 days". */
export function whenOf(endsAtMs: number, nowMs: number): string {
  const day = new Date(endsAtMs).toISOString().slice(0, 10);
  return endsAtMs <= nowMs
    ? `has ended on ${day}, ${counted(Math.floor((nowMs - endsAtMs) / dayMs), 'day')} ago`
    : `ends on ${day}, in ${counted(Math.floor((endsAtMs - nowMs) / dayMs), 'day')}`;
}
