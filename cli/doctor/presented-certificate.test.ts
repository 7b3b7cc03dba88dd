/** What the doctor says of the certificate that a server shows, by a real handshake: until when it holds, and that it ends soon. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeAuthority, makeServerCertificate, serverDays } from '../creds/certificate.ts';
import type { Finding } from './finding.ts';
import { checkPresented, presentedCertificate } from './presented-certificate.ts';

const dayMs = 86_400_000;
/** A certificate knows no fractions of a second. */
const madeAtMs = Math.floor(Date.now() / 1_000) * 1_000;
let server: Server;
beforeAll(async () => {
  server = createServer(makeServerCertificate(makeAuthority('lab', madeAtMs), ['localhost', '192.0.2.1'], madeAtMs)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

const seen = async (atMs: number): Promise<Finding> =>
  checkPresented('mqtts://localhost', await presentedCertificate('127.0.0.1', (server.address() as AddressInfo).port, 5_000), atMs);

it('says for which names it is, and how many days are left', async () => {
  expect(await seen(madeAtMs)).toMatchObject({ level: 'ok', found: expect.stringContaining(`(DNS:localhost, IP Address:192.0.2.1) ends on `) });
  expect((await seen(madeAtMs)).found).toMatch(new RegExp(`in ${serverDays} days$`));
});

it('warns a month before, and is an error when it has ended', async () => {
  expect((await seen(madeAtMs + (serverDays - 31) * dayMs)).level).toBe('ok');
  const soon = await seen(madeAtMs + (serverDays - 12) * dayMs);
  expect(soon).toMatchObject({ level: 'warning', found: expect.stringMatching(/in 12 days$/), mend: expect.stringContaining('homelab creds certificate') });
  expect(await seen(madeAtMs + (serverDays + 2) * dayMs)).toMatchObject({ level: 'error', found: expect.stringMatching(/2 days ago$/) });
});
