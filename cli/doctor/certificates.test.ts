import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorityFiles, makeAuthority, makeServerCertificate, serverDays, tlsDirectory } from '../creds/certificate.ts';
import { readSettings } from '../settings.ts';
import { certificateFiles, checkCertificates, readCertificate } from './certificates.ts';

/** A certificate knows no fractions of a second. */
const now = Math.floor(Date.now() / 1_000) * 1_000;
const dayMs = 86_400_000;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'certificates-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function found(atMs: number, env: Readonly<Record<string, string>> = {}): Promise<readonly (readonly string[])[]> {
  const files = await certificateFiles(readSettings({ HOMELAB_ROOT: root, ...env }));
  return checkCertificates(await Promise.all(files.map(readCertificate)), atMs).map(({ level, found: seen }) => [level, seen.replaceAll(`${root}/`, '')]);
}

describe('the certificates of this machine', () => {
  it('are nothing to talk about where there are none', async () => {
    expect(await found(now)).toEqual([]);
  });

  it('are looked at before they end, those of the broker and the CA of its clients too', async () => {
    mkdirSync(tlsDirectory(root));
    const authority = makeAuthority('homelab CA of lab', now);
    writeFileSync(authorityFiles(root).certFile, authority.cert);
    writeFileSync(authorityFiles(root).keyFile, authority.key);
    const server = join(root, 'server.pem');
    writeFileSync(server, makeServerCertificate(authority, ['localhost'], now).cert);
    const day = new Date(now + serverDays * dayMs).toISOString().slice(0, 10);
    const env = { HOMELAB_BROKER_TLS_CERT: server, HOMELAB_BROKER_CA: authorityFiles(root).certFile };
    expect(await found(now, env)).toEqual([['ok', `2 here, the first ends on ${day}, in ${serverDays} days`]]);
    expect(await found(now + (serverDays - 10) * dayMs, env)).toEqual([['warning', `server.pem ends on ${day}, in 10 days`]]);
    expect(await found(now + (serverDays + 1) * dayMs, env)).toEqual([['error', `server.pem has ended on ${day}, 1 day ago`]]);
  });

  it('that are named and cannot be read are an error', async () => {
    writeFileSync(join(root, 'nonsense.pem'), 'nonsense');
    expect((await found(now, { HOMELAB_BROKER_CA: join(root, 'nonsense.pem') }))[0]?.[0]).toBe('error');
    expect(await found(now, { HOMELAB_BROKER_CA: join(root, 'none.pem') })).toEqual([['error', 'none.pem: it is not there']]);
  });
});
