/**
 * A real nginx in front of the web page, set up as Nginx Proxy Manager 2 does it: what its nginx.conf says of proxying, and what
 * it writes for a proxy host. Only ports, paths and the certificate are of the test; names are told apart as there, by the Host header.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type KeyAndCertificate, makeAuthority, makeServerCertificate } from '../../cli/creds/certificate.ts';
import { freePort } from './mosquitto.ts';
import { waitFor } from './wait.ts';

/** One proxy host, with the switches that its form has. */
export interface ProxyHost {
  readonly name: string;
  /** On this machine, scheme http. */
  readonly port: number;
  readonly isWebsockets?: boolean;
  /** A path of its own below which the page stands: a custom location. */
  readonly location?: string;
  /** Nginx Proxy Manager waits 90 s for a word of whoever it forwards to. */
  readonly readTimeoutS?: number;
}

export interface Nginx {
  readonly port: number;
  /** PEM: signed the certificate that it shows, for all names. */
  readonly authority: string;
  stop(): Promise<void>;
}

function findNginx(): string | null {
  // It lives in a directory that is not on everybody's PATH.
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    try {
      const file = join(directory || '.', 'nginx');
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** False: skip visibly. In CI a missing nginx is an error, not a skip. */
export function haveNginx(): boolean {
  const found = findNginx() !== null;
  if (!found && process.env['CI']) throw new Error('nginx is not installed, and CI must not skip its tests (Debian: apt-get install nginx)');
  return found;
}

const readyDeadlineMs = 15_000;
/** A free port may be taken by another test between finding and using it. */
const attemptsMax = 3;

export async function startNginx(hosts: readonly ProxyHost[]): Promise<Nginx> {
  const program = findNginx();
  if (program === null) throw new Error('nginx is not installed');
  const authority = makeAuthority('test authority', Date.now());
  const certificate = makeServerCertificate(
    authority,
    hosts.map(({ name }) => name),
    Date.now(),
  );
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { authority: authority.cert, ...(await start(program, hosts, certificate)) };
    } catch (error) {
      if (attempt === attemptsMax) throw error;
    }
  }
}

async function start(program: string, hosts: readonly ProxyHost[], { cert, key }: KeyAndCertificate): Promise<Omit<Nginx, 'authority'>> {
  const directory = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  writeFileSync(join(directory, 'cert.pem'), cert);
  writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(directory, 'nginx.conf'), `${configuration(directory, port, hosts)}\n`);
  let output = '';
  const child = spawn(program, ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-4000);
  });
  const state: { end: string | null } = { end: null };
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      state.end = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      state.end = `exited with ${signal ?? code}`;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    await end(child, exited);
    rmSync(directory, { recursive: true, force: true });
  };
  await waitFor(`nginx to listen on port ${port}`, async () => state.end !== null || (await accepts(port)), { deadlineMs: readyDeadlineMs });
  if (state.end !== null) {
    await stop();
    throw new Error(`nginx did not start: ${state.end}\n${output}`);
  }
  return { port, stop };
}

/** At once: a gentle end would wait for streams. */
async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await exited;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function configuration(directory: string, port: number, hosts: readonly ProxyHost[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${directory}/${each};`);
  return `
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
error_log stderr warn;
events { worker_connections 256; }
http {
  ${temporary.join('\n  ')}
  access_log off;
  sendfile on;
  server_tokens off;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 90s;
  proxy_connect_timeout 90s;
  proxy_send_timeout 90s;
  proxy_read_timeout 90s;
  gzip on;
  proxy_ignore_client_abort off;
  client_max_body_size 2000m;
  proxy_http_version 1.1;
  proxy_set_header X-Forwarded-Scheme $scheme;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header Accept-Encoding "";
  map $http_x_forwarded_proto $x_forwarded_proto { http http; https https; default $scheme; }
  map $http_x_forwarded_scheme $x_forwarded_scheme { http http; https https; default $scheme; }
  set_real_ip_from 10.0.0.0/8;
  set_real_ip_from 172.16.0.0/12;
  set_real_ip_from 192.168.0.0/16;
  real_ip_header X-Real-IP;
  real_ip_recursive on;
  ${hosts.map((host) => server(directory, port, host)).join('\n')}
}`;
}

function server(directory: string, port: number, { name, port: to, isWebsockets = false, location, readTimeoutS }: ProxyHost): string {
  const websockets = isWebsockets ? 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_http_version 1.1;' : '';
  const custom =
    location === undefined
      ? ''
      : `location ${location} {
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Scheme $scheme;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_pass http://127.0.0.1:${to}/;
    }`;
  return `server {
    set $forward_scheme http;
    set $server 127.0.0.1;
    set $port ${to};
    listen 127.0.0.1:${port} ssl http2;
    server_name ${name};
    ssl_certificate ${directory}/cert.pem;
    ssl_certificate_key ${directory}/key.pem;
    ${websockets}
    ${readTimeoutS === undefined ? '' : `proxy_read_timeout ${readTimeoutS}s;`}
    ${custom}
    location / {
      ${websockets}
      add_header X-Served-By $host;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Scheme $x_forwarded_scheme;
      proxy_set_header X-Forwarded-Proto $x_forwarded_proto;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_pass $forward_scheme://$server:$port$request_uri;
    }
  }`;
}
