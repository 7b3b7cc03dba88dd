/**
 * Makes a checkout ready: npm packages, the built program, and (with --parts) the system packages that tests need.
 *
 * Runs before `npm start`, `npm test` and `npm run check`, on a fresh clone too, so it needs nothing but Node.
 * Reads package-lock.json and node_modules, writes node_modules and dist. It says what it does and why, and is silent
 * and quick when there is nothing to do. Fails with exit 1 when the packages cannot be installed; a missing system part
 * is only announced, except in CI, where it fails too.
 *
 *   --parts      also the system packages
 *   --runtime    packages that only developers need may be missing (`npm ci --omit=dev`)
 *   --no-build   leaves dist as it is
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composePlugin, systemParts } from './system-parts.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const flags = new Set(process.argv.slice(2));
const say = (line) => {
  console.log(`prepare: ${line}`);
};

/** Why node_modules is not what package-lock.json asks for, or null when it is. npm keeps what it installed in node_modules/.package-lock.json. */
function staleReason() {
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'node_modules is missing';
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    // The root itself, and packages for other machines, are not installed.
    if (path === '' || entry.optional || entry.devOptional || (entry.dev && flags.has('--runtime'))) continue;
    const found = installed[path];
    if (found === undefined) return `${path} is not installed`;
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${path} is ${found.version}, package-lock.json wants ${entry.version}`;
    if (!existsSync(join(root, path))) return `${path} is gone`;
  }
  return null;
}

function installPackages() {
  const reason = staleReason();
  if (reason === null) return;
  say(`${reason}: running npm ci`);
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (error !== undefined) throw new Error(`npm cannot be started: ${error.message}`);
  if (status !== 0) throw new Error(`npm ci failed with exit code ${status}; is the package registry reachable?`);
}

/** Where an executable of this name is, or null. Daemons live in sbin, which is not on everybody's path. */
function findExecutable(name) {
  for (const directory of [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin']) {
    const file = join(directory || '.', name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** A busybox that runs in an image of nothing else. A static program names no interpreter that would load libraries. */
function isStatic(file) {
  return !readFileSync(file).includes('/ld-linux') && !readFileSync(file).includes('/ld-musl');
}

const isPresent = (part) => {
  const file = findExecutable(part.executable);
  return file !== null && (!part.static || isStatic(file));
};

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Installs without starting anything: Debian's packages ask policy-rc.d before they start a daemon, 101 means no.
 * `--no-remove`, because nobody who runs tests wants to lose a package; busybox-static replaces busybox, which is what it is for.
 */
const installScript = (packages) => `
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q -o Acquire::Retries=2
for package in ${packages.join(' ')}; do
  keep=--no-remove
  [ "$package" = busybox-static ] && keep=
  apt-get install -q -y --no-install-recommends $keep "$package"
done
`;

/**
 * Fetches the package with apt, which checks its signature, and takes the one program out of it. The lists of the other
 * Debian live in a directory of their own: nothing of this machine is upgraded to it.
 */
const pluginScript = ({ package: name, suite, fileInPackage, target }) => `
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir -p "$scratch/lists/partial" "$scratch/archives/partial"
cd "$scratch"
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian ${suite} main' > list
apt_other() {
  apt-get -q -o Acquire::Retries=2 -o Acquire::Languages=none -o Dir::Etc::SourceList="$scratch/list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$scratch/lists" -o Dir::Cache::Archives="$scratch/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o APT::Sandbox::User=root "$@"
}
apt_other update
apt_other download ${name}
dpkg-deb -x ${name}_*.deb unpacked
mkdir -p "$(dirname ${target})"
install -m 755 "unpacked/${fileInPackage}" ${target}
`;

const hasPlugin = () => spawnSync(composePlugin.probe[0], composePlugin.probe.slice(1), { stdio: 'ignore' }).status === 0;

/** After the packages: docker itself may be one of them. */
function installPlugin() {
  if (hasPlugin()) return;
  const inCi = Boolean(process.env.CI);
  say(`${composePlugin.probe.slice(0, 2).join(' ')} is missing; ${composePlugin.why}`);
  if (!isDebian() || (process.getuid?.() !== 0 && !inCi)) {
    say(`${isDebian() ? 'not root' : 'not Debian'}: not unpacking it; the tests that need it are skipped, and say so`);
    if (inCi) throw new Error('parts that the tests need are missing');
    return;
  }
  say(`unpacking it from the package ${composePlugin.package} of Debian ${composePlugin.suite}`);
  const { status } = runScript(pluginScript(composePlugin));
  if (status === 0 && hasPlugin()) return;
  const detail = `compose 2 could not be unpacked (exit code ${status})`;
  if (inCi) throw new Error(detail);
  say(`${detail}; the tests that need it are skipped, and say so`);
}

/** As root. */
function runScript(script) {
  const [command, ...args] = process.getuid?.() === 0 ? ['sh', '-s'] : ['sudo', '-n', 'sh', '-s'];
  return spawnSync(command, args, { input: script, stdio: ['pipe', 'inherit', 'inherit'] });
}

function installParts() {
  const missing = systemParts.filter((part) => !isPresent(part));
  if (missing.length === 0) return;
  const inCi = Boolean(process.env.CI);
  for (const part of missing) say(`${part.executable}${part.static ? ' (static)' : ''} is missing; ${part.why}`);
  const packages = missing.map((part) => part.package);
  const isRoot = process.getuid?.() === 0;
  if (!isDebian() || (!isRoot && !inCi)) {
    const why = isDebian() ? 'not root' : 'not Debian';
    say(`${why}: not installing ${packages.join(' ')}; the tests that need them are skipped, and say so`);
    if (inCi) throw new Error('parts that the tests need are missing');
    return;
  }
  say(`installing ${packages.join(' ')} with apt-get (no service is started)`);
  const { status, error } = runScript(installScript(packages));
  const left = systemParts.filter((part) => !isPresent(part)).map((part) => part.package);
  if (status === 0 && left.length === 0) return;
  const detail = `${error?.message ?? `apt-get ended with exit code ${status}`}; still missing: ${left.join(' ') || 'nothing'}`;
  if (inCi) throw new Error(detail);
  if (left.length > 0) say(`${detail}; the tests that need them are skipped, and say so`);
}

try {
  installPackages();
  if (flags.has('--parts')) {
    installParts();
    installPlugin();
  }
  if (!flags.has('--no-build')) {
    const { build } = await import('./build.mjs');
    if (await build()) say('built dist/homelab.mjs');
  }
} catch (error) {
  console.error(`prepare: ${error.message}`);
  process.exitCode = 1;
}
