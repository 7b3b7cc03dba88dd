/**
 * `homelab creds mosquitto|actors|ca|certificate`: the files that others need of our logins: the password file of a mosquitto, the passwords
 * of a node's actors, an own certificate authority and what it signs.
 */

import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dump, load } from 'js-yaml';
import { z } from 'zod';
import { contentOf } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { type LoginEntry, type Logins, readLogins, withPassword, writeLogins } from '../../adapters/logins/logins-file.ts';
import { verifyMosquittoHash } from '../../adapters/logins/mosquitto-hash.ts';
import { Login } from '../../contracts/common.ts';
import { siteBroker } from '../broker-config/site-broker.ts';
import { authorityFiles, isAuthority, isHost, type KeyAndCertificate, makeAuthority, makeServerCertificate, serverFiles } from '../creds/certificate.ts';
import { firstLoginLines } from '../creds/first-login.ts';
import { asUsage } from '../creds/needs-login.ts';
import { writeSecret } from '../creds/secret-file.ts';
import { exitCodes, type Output } from '../output.ts';
import { makeDataRoot } from '../runtime.ts';
import { type Settings, UsageError } from '../settings.ts';
import { randomPassword } from './creds.ts';

interface WriteOption {
  readonly write?: string;
}

export async function credsMosquitto(settings: Settings, out: Output, site: string, { write }: WriteOption): Promise<number> {
  const known = asUsage(() => readLogins(settings.loginsFile));
  const { logins } = siteBroker(await readTree(settings.inventoryDir), site, settings.topicRoot);
  const lines = logins.flatMap(({ login }) => {
    const hash = known.get(login)?.mosquitto;
    return hash === undefined ? [] : [`${login}:${hash}`];
  });
  const missing = logins.map(({ login }) => login).filter((login) => known.get(login)?.mosquitto === undefined);
  if (write !== undefined) writeSecret(write, lines.map((line) => `${line}\n`).join(''));
  if (out.json) out.value({ site, logins: lines.length, without_password: missing, ...(write === undefined ? { passwd: lines } : { written: write }) });
  else if (write === undefined) for (const line of lines) out.line(line);
  else {
    out.line(`written  ${write} (${lines.length} logins); its owner must be the user of mosquitto, which takes it after a restart`);
    if (missing.length > 0) out.line(`without a password, and not in it: ${missing.join(', ')}`);
  }
  return exitCodes.ok;
}

export interface CredsActorsOptions extends WriteOption {
  readonly renew?: boolean;
}

/** What runs on a node that no file declares: what every machine with containers has. */
const usualActors = ['node-agent', 'executor', 'stability-agent'];

export async function credsActors(settings: Settings, out: Output, node: string, { write, renew = false }: CredsActorsOptions): Promise<number> {
  const declared = contentOf((await readTree(settings.inventoryDir)).hosts.get(node)?.services ?? 'absent')?.agents;
  const logins = (declared ?? usualActors).map((actor) => `${actor}-${node}`);
  for (const login of logins) if (!Login.safeParse(login).success) throw new UsageError(`${JSON.stringify(node)}: expected the name of a node`);
  const there = write === undefined ? {} : readCredentials(write);
  const all = { ...there };
  const kept: string[] = [];
  const before = asUsage(() => readLogins(settings.loginsFile));
  let known: Logins = before;
  for (const login of logins) {
    const password = there[login];
    const entry = known.get(login);
    if (password !== undefined && !renew) {
      if (entry === undefined || !(await isPasswordOf(entry, password)))
        known = await withPassword(known, login, password, { isRandom: password.length >= randomPassword().length });
    } else if (entry !== undefined && !renew) kept.push(login);
    else {
      all[login] = randomPassword();
      known = await withPassword(known, login, all[login], { isRandom: true });
    }
  }
  makeDataRoot(settings);
  // What the broker knows first: passwords that nobody knows of would be lost with a crash in between, and are made again.
  if (known !== before)
    asUsage(() => {
      writeLogins(settings.loginsFile, known);
    });
  const text = dump(all, { lineWidth: -1 });
  if (write !== undefined) writeSecret(write, text);
  if (out.json) out.value({ node, logins, kept, ...(write === undefined ? { credentials: all } : { written: write }) });
  else {
    if (write === undefined) for (const line of Object.keys(all).length === 0 ? [] : text.trimEnd().split('\n')) out.line(line);
    else out.line(`written  ${write}; on ${node}: HOMELAB_CREDENTIALS=<that file>`);
    for (const line of firstLoginLines(before, known)) out.line(`# ${line}`);
    if (kept.length > 0) out.line(`# left alone, they have a password that nobody can read back (--renew gives a new one): ${kept.join(', ')}`);
  }
  return exitCodes.ok;
}

const isPasswordOf = ({ mosquitto }: LoginEntry, password: string): Promise<boolean> => verifyMosquittoHash(password, mosquitto ?? '');

function readCredentials(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  try {
    return z.record(Login, z.string()).parse(load(readFileSync(file, 'utf8')) ?? {});
  } catch {
    throw new UsageError(`${file}: expected YAML lines "login: password"; it is left as it is`);
  }
}

export function credsCa(settings: Settings, out: Output): number {
  const { certFile, keyFile } = authorityFiles(settings.dataRoot);
  const isThere = existsSync(certFile);
  if (!isThere) {
    const made = makeAuthority(`homelab CA of ${settings.node}`, Date.now());
    writeSecret(keyFile, made.key);
    writeSecret(certFile, made.cert, { isPublic: true });
  }
  const until = new X509Certificate(authorityOf(settings).cert).validTo;
  if (out.json) out.value({ certificate: certFile, new: !isThere, until });
  else {
    out.line(`${isThere ? 'there' : 'made'}  ${certFile} (until ${until})`);
    out.line('  give it to every client:  HOMELAB_BROKER_CA=<that file>, and brokers as mqtts://<host>:8883');
    out.line(`  never give away           ${keyFile}`);
    out.line('  for a broker:             homelab creds certificate <host…>');
  }
  return exitCodes.ok;
}

export function credsCertificate(settings: Settings, out: Output, hosts: readonly string[]): number {
  const wrong = hosts.find((host) => !isHost(host));
  if (wrong !== undefined) throw new UsageError(`${JSON.stringify(wrong)}: expected a host name or an address, as clients write it in mqtts://<host>`);
  const { cert, key } = makeServerCertificate(authorityOf(settings), hosts, Date.now());
  const { certFile, keyFile } = serverFiles(settings.dataRoot, hosts[0] ?? hostname());
  writeSecret(keyFile, key);
  writeSecret(certFile, cert, { isPublic: true });
  const until = new X509Certificate(cert).validTo;
  if (out.json) out.value({ certificate: certFile, key: keyFile, hosts, until });
  else {
    out.line(`made  ${certFile} (for ${hosts.join(', ')}, until ${until})`);
    out.line(`      ${keyFile}`);
    out.line(`  built-in broker:  HOMELAB_BROKER_TLS_CERT=${certFile} HOMELAB_BROKER_TLS_KEY=${keyFile}`);
    out.line('  mosquitto:        `tls` at the broker in inventory/topology.yaml, then: homelab broker config <site> (docs/broker-config.md)');
  }
  return exitCodes.ok;
}

function authorityOf(settings: Settings): KeyAndCertificate {
  const { certFile, keyFile } = authorityFiles(settings.dataRoot);
  if (!existsSync(certFile)) throw new UsageError('there is no certificate authority here yet: homelab creds ca');
  try {
    const authority = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    if (isAuthority(authority)) return authority;
  } catch (error) {
    throw new UsageError(`${certFile} and ${keyFile}: cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new UsageError(`${certFile} and ${keyFile} are no certificate authority; move them away, then: homelab creds ca`);
}
