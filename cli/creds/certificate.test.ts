/** Certificates as Node reads and checks them, and as a TLS handshake does; openssl checks them too where it is there. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { haveOpenssl } from '../../test/kit/certificate.ts';
import { isAuthority, isHost, makeAuthority, makeServerCertificate, serverDays } from './certificate.ts';
import { integer, oid, tlv } from './der.ts';

const now = Date.now();
const authority = makeAuthority('homelab CA of lab', now);
const hosts = ['broker.example.org', 'localhost', '127.0.0.1', '2001:db8::1', '::ffff:192.0.2.1'];
const server = makeServerCertificate(authority, hosts, now);

describe('an authority of our own', () => {
  it('is one, signs itself, and knows its key', () => {
    const ca = new X509Certificate(authority.cert);
    expect([ca.ca, ca.subject, ca.verify(ca.publicKey), isAuthority(authority)]).toEqual([true, 'CN=homelab CA of lab', true, true]);
    expect([isAuthority(server), isAuthority({ ...authority, key: server.key })]).toEqual([false, false]);
  });

  it('signs a server for its names and addresses, for two years', () => {
    const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(server.cert)];
    expect([cert.checkIssued(ca), cert.verify(ca.publicKey), cert.ca]).toEqual([true, true, false]);
    expect(['broker.example.org', 'localhost', 'other.example.org'].map((host) => cert.checkHost(host))).toEqual([
      'broker.example.org',
      'localhost',
      undefined,
    ]);
    expect(['127.0.0.1', '2001:db8::1', '192.0.2.2'].map((address) => cert.checkIP(address))).toEqual(['127.0.0.1', '2001:db8::1', undefined]);
    expect(Math.round((Date.parse(cert.validTo) - now) / 86_400_000)).toBe(serverDays);
    expect(Date.parse(cert.validFrom)).toBeLessThan(now);
  });

  it('has a number of its own for each certificate', () => {
    expect(new X509Certificate(makeServerCertificate(authority, hosts, now).cert).serialNumber).not.toBe(new X509Certificate(server.cert).serialNumber);
  });

  it('is trusted by a client that knows it, and by no other', async () => {
    const listening = createServer({ cert: server.cert, key: server.key }, (socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const greeted = async (ca: string | undefined): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1', ...(ca === undefined ? {} : { ca }) });
      try {
        const [chunk] = (await once(socket, 'data')) as [Buffer];
        return chunk.toString();
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? 'failed';
      } finally {
        socket.destroy();
      }
    };
    expect(await greeted(authority.cert)).toBe('hello');
    expect(await greeted(undefined)).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
    expect(await greeted(makeAuthority('homelab CA of lab', now).cert)).toMatch(/UNABLE|SIGNATURE/);
    listening.close();
  });

  it.skipIf(!haveOpenssl())('passes the strict checks of openssl', () => {
    const directory = mkdtempSync(join(tmpdir(), 'certificate-'));
    try {
      writeFileSync(join(directory, 'ca.pem'), authority.cert);
      writeFileSync(join(directory, 'server.pem'), server.cert);
      const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost', '-CAfile', 'ca.pem', 'server.pem'];
      expect(execFileSync('openssl', args, { cwd: directory, encoding: 'utf8' })).toContain('server.pem: OK');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('what a certificate can be for', () => {
  it.each([
    ['broker.example.org', true],
    ['*.example.org', true],
    ['piha', true],
    ['192.0.2.1', true],
    ['2001:db8::1', true],
    ['', false],
    ['a b', false],
    ['-a.example.org', false],
    ['a..b', false],
    ['a*b', false],
  ])('%j: %s', (text, expected) => {
    expect(isHost(text)).toBe(expected);
  });
});

describe('DER', () => {
  it('writes long lengths, large numbers of object identifiers, and integers without a sign', () => {
    expect(tlv(4, Buffer.alloc(300)).subarray(0, 4)).toEqual(Buffer.from([4, 0x82, 1, 44]));
    expect(oid('1.2.840.113549')).toEqual(Buffer.from([6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]));
    expect(integer(Buffer.from([0, 0, 0x80]))).toEqual(Buffer.from([2, 2, 0, 0x80]));
  });
});
