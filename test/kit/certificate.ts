/** A certificate that signed itself, made by the `openssl` program. Tests that need it skip where that is missing, and fail in CI. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export function haveOpenssl(): boolean {
  const have = spawnSync('openssl', ['version']).status === 0;
  if (!have && process.env['CI']) throw new Error('openssl is not installed, and CI must not skip its tests (Debian: apt-get install openssl)');
  return have;
}

/** Two files in that directory. `address` is one more for which it holds, beside `localhost` and 127.0.0.1. */
export function makeCertificate(directory: string, address: string | null = null): Certificate {
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', `subjectAltName=DNS:localhost,IP:127.0.0.1${address === null ? '' : `,IP:${address}`}`];
  execFileSync('openssl', [...request, ...names, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
