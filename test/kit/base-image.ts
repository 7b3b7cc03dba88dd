/**
 * Images without a registry: a program of this machine with the libraries it is linked to, the parts of the C library
 * that are loaded by name, a static busybox and the certificates, as one `docker import`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const busyboxNames = ['sh', 'cat', 'ls', 'sleep', 'id', 'stat'];
/** Opened at run time by the C library's name lookup: ldd does not show them. */
const loadedByName = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];
const passwd = 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000:node:/app:/bin/sh\n';

function put(root: string, from: string, to: string): void {
  const target = join(root, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(realpathSync(from), target);
}

const librariesOf = (program: string): string[] =>
  [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(?:^|\s)(\/\S+)/g)].map(([, path]) => path ?? '');

/** Fills `root` with the file system of the image. */
function fill(root: string, program: string): void {
  put(root, program, `/usr/local/bin/${basename(program)}`);
  for (const library of librariesOf(program)) put(root, library, library);
  const machine = arch() === 'arm64' ? 'aarch64' : 'x86_64';
  for (const name of loadedByName) {
    const library = `/lib/${machine}-linux-gnu/${name}`;
    if (existsSync(library)) put(root, library, library);
  }
  put(root, execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim(), '/bin/busybox');
  for (const name of busyboxNames) symlinkSync('busybox', join(root, 'bin', name));
  if (existsSync('/etc/ssl/certs/ca-certificates.crt')) put(root, '/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt');
  for (const directory of ['tmp', 'proc', 'sys', 'dev', 'run', 'app']) mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'etc', 'passwd'), passwd);
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnode:x:1000:\n');
  writeFileSync(join(root, 'etc', 'nsswitch.conf'), 'hosts: files dns\npasswd: files\ngroup: files\n');
}

/** A base for images of ours; `env` says which engine (DOCKER_HOST). */
export function importNodeBase(tag: string, env: Readonly<Record<string, string>>): void {
  importProgram(tag, process.execPath, env);
}

/** An image in which this program of the machine runs, under its own name. */
export function importProgram(tag: string, program: string, env: Readonly<Record<string, string>>): void {
  const root = mkdtempSync(join(tmpdir(), 'homelab-base-'));
  const archive = `${root}.tar`;
  try {
    fill(root, program);
    execFileSync('tar', ['-C', root, '-cf', archive, '.']);
    execFileSync('docker', ['import', '-c', 'ENV PATH=/usr/local/bin:/bin', archive, tag], { env: { ...process.env, ...env }, stdio: 'pipe' });
  } finally {
    rmSync(root, { recursive: true, force: true });
    rmSync(archive, { force: true });
  }
}
