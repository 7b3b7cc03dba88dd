/**
 * An own certificate authority, and certificates of servers that it signs: X.509 v3 with ECDSA on P-256 (RFC 5280). Node can read
 * and check certificates and make none, so their fields are written here; no other program is needed.
 *
 * Pure but for random keys and numbers. PEM out.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { bits, integer, octets, oid, sequence, set, tagged, taggedBare, time, utf8, yes } from './der.ts';

export interface KeyAndCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Below the data directory. */
export const tlsDirectory = (dataRoot: string): string => join(dataRoot, 'tls');
export const authorityFiles = (dataRoot: string): CertificateFiles => filesOf(dataRoot, 'ca');
/** A wildcard and the colons of an address are no good in file names. */
export const serverFiles = (dataRoot: string, host: string): CertificateFiles => filesOf(dataRoot, `server-${host.replace(/[*:]/g, '_')}`);
const filesOf = (dataRoot: string, name: string): CertificateFiles => ({
  certFile: join(tlsDirectory(dataRoot), `${name}.pem`),
  keyFile: join(tlsDirectory(dataRoot), `${name}-key.pem`),
});

/** Long enough that nobody carries a new one to every client each year. */
const authorityDays = 3_650;
/** Below the 825 days beyond which Apple's clients refuse one. */
export const serverDays = 730;

const dayMs = 86_400_000;
/** Clocks of small machines are wrong until they have asked for the time. */
const sinceMs = dayMs;

const oids = {
  ecdsaWithSha256: oid('1.2.840.10045.4.3.2'),
  commonName: oid('2.5.4.3'),
  keyIdentifier: oid('2.5.29.14'),
  keyUsage: oid('2.5.29.15'),
  altName: oid('2.5.29.17'),
  basicConstraints: oid('2.5.29.19'),
  authorityKeyIdentifier: oid('2.5.29.35'),
  extendedKeyUsage: oid('2.5.29.37'),
  serverAuth: oid('1.3.6.1.5.5.7.3.1'),
};

export function makeAuthority(name: string, nowMs: number): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = signed({
    subject: name,
    issuer: name,
    publicKey,
    signer: privateKey,
    nowMs,
    days: authorityDays,
    extensions: [
      extension(oids.basicConstraints, sequence(yes, integer(Buffer.from([0]))), 'critical'),
      // keyCertSign and cRLSign, bits 5 and 6.
      extension(oids.keyUsage, bits(Buffer.from([0x06]), 1), 'critical'),
      extension(oids.keyIdentifier, octets(keyIdentifier(publicKey))),
    ],
  });
  return { cert, key: pemOf(privateKey) };
}

/** For a server that is reached under these names and addresses. */
export function makeServerCertificate(authority: KeyAndCertificate, hosts: readonly string[], nowMs: number): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = new X509Certificate(authority.cert);
  const cert = signed({
    subject: hosts[0] ?? '',
    issuer: commonNameOf(issuer),
    publicKey,
    signer: createPrivateKey(authority.key),
    nowMs,
    days: serverDays,
    extensions: [
      extension(oids.basicConstraints, sequence(), 'critical'),
      // digitalSignature, bit 0.
      extension(oids.keyUsage, bits(Buffer.from([0x80]), 7), 'critical'),
      extension(oids.extendedKeyUsage, sequence(oids.serverAuth)),
      extension(oids.altName, sequence(...hosts.map(altName))),
      extension(oids.keyIdentifier, octets(keyIdentifier(publicKey))),
      extension(oids.authorityKeyIdentifier, sequence(taggedBare(0, keyIdentifier(issuer.publicKey)))),
    ],
  });
  return { cert, key: pemOf(privateKey) };
}

/** Does this key belong to this certificate, and is it one of an authority? */
export function isAuthority({ cert, key }: KeyAndCertificate): boolean {
  const certificate = new X509Certificate(cert);
  return certificate.ca && certificate.checkPrivateKey(createPrivateKey(key));
}

/** What may stand in a certificate: a host name (also `*.example.org`) or an address. */
export const isHost = (text: string): boolean =>
  isIP(text) !== 0 || (text.length <= 253 && /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text));

interface Content {
  /** Common names. */
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly nowMs: number;
  readonly days: number;
  readonly extensions: readonly Buffer[];
}

function signed({ subject, issuer, publicKey, signer, nowMs, days, extensions }: Content): string {
  const algorithm = sequence(oids.ecdsaWithSha256);
  const content = sequence(
    // Version 3.
    tagged(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    nameOf(issuer),
    sequence(time(nowMs - sinceMs), time(nowMs + days * dayMs)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions)),
  );
  const whole = sequence(content, algorithm, bits(sign('sha256', content, signer)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const extension = (id: Buffer, value: Buffer, critical?: 'critical'): Buffer => sequence(id, ...(critical === undefined ? [] : [yes]), octets(value));

const nameOf = (commonName: string): Buffer => sequence(set(sequence(oids.commonName, utf8(commonName))));

const commonNameOf = ({ subject }: X509Certificate): string => /^CN=(.*)$/m.exec(subject)?.[1] ?? '';

/** SHA-1 of the bits of the public key (RFC 5280, 4.2.1.2): a name, no protection. */
function keyIdentifier(key: KeyObject): Buffer {
  // The point of a P-256 key is the last 65 bytes of its SPKI.
  const point = createPublicKey(key.export({ type: 'spki', format: 'pem' }))
    .export({ type: 'spki', format: 'der' })
    .subarray(-65);
  return createHash('sha1').update(point).digest();
}

const altName = (host: string): Buffer => (isIP(host) === 0 ? taggedBare(2, Buffer.from(host, 'ascii')) : taggedBare(7, addressBytes(host)));

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // A URL writes the shortest form; an address that ends like IPv4 comes out in hexadecimal.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined): readonly number[] =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
