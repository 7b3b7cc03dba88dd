/**
 * The certificate that a broker shows to whoever connects with TLS: until when it holds. It is asked for without trusting it; whether it is
 * trusted is for the login to say. The files of the broker are on another machine, so that nothing else would tell before it ends.
 */
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { soonMs, whenOf } from './certificates.ts';
import { type Finding, findingsOf } from './finding.ts';

export interface PresentedCertificate {
  readonly endsAtMs: number;
  /** As a person reads them: `DNS:vps, IP Address:192.0.2.1`. */
  readonly names: string;
}

/** Rejects where no TLS is spoken. Ends within `deadlineMs`. */
export function presentedCertificate(host: string, port: number, deadlineMs: number): Promise<PresentedCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) });
    socket.setTimeout(deadlineMs, () => {
      socket.destroy(new Error('no TLS handshake'));
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const { valid_to: until, subjectaltname: names } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ endsAtMs: Date.parse(until), names: names ?? '' });
    });
  });
}

export function checkPresented(shown: string, { endsAtMs, names }: PresentedCertificate, nowMs: number): Finding {
  const say = findingsOf('broker certificate');
  const found = `that of ${shown} (${names || 'for no name'}) ${whenOf(endsAtMs, nowMs)}`;
  const mend =
    'homelab creds certificate <host…>   # the same names, on the machine with ca-key.pem; then put both files where the broker has them, and restart it';
  if (endsAtMs <= nowMs) return say.error(found, 'nobody who checks it connects any more', mend);
  if (endsAtMs - nowMs < soonMs) return say.warning(found, 'nobody who checks it connects from then on', mend);
  return say.ok(found, 'TLS connections go on until then');
}
