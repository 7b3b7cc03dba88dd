/**
 * What the tests need of the machine, as Debian packages. Tests ask for a part by its executable.
 * `docker.io` is asked for by its daemon, so that another make of the engine does as well.
 */

/** @type {readonly { readonly package: string, readonly executable: string, readonly static?: boolean, readonly why: string }[]} */
export const systemParts = [
  { package: 'mosquitto', executable: 'mosquitto', why: 'the broker most homelabs run' },
  { package: 'mosquitto-clients', executable: 'mosquitto_sub', why: 'people watch and approve with mosquitto_sub and mosquitto_pub' },
  { package: 'docker.io', executable: 'dockerd', why: 'the walk restarts a container on a real engine' },
  { package: 'docker-compose', executable: 'docker-compose', why: 'services are named by compose' },
  { package: 'iptables', executable: 'iptables', why: 'dockerd needs it for the network of containers' },
  { package: 'iproute2', executable: 'ip', why: 'a site and its hub are joined over a link of their own, which is cut' },
  { package: 'busybox-static', executable: 'busybox', static: true, why: 'the image of the test containers, made without a registry' },
  { package: 'chromium', executable: 'chromium', why: 'the web page is walked through in a real browser' },
  { package: 'nginx', executable: 'nginx', why: 'the web page is reached through the proxy that Nginx Proxy Manager runs' },
  { package: 'shellcheck', executable: 'shellcheck', why: 'the health checks of services are held against it' },
];

/**
 * Compose of version 2, as a plugin of docker beside docker-compose 1.29.2. Both are Debian packages of one name, so this
 * one is unpacked from a newer Debian instead of being installed: it is one static program.
 */
export const composePlugin = {
  package: 'docker-compose',
  suite: 'trixie',
  /** Asks docker whether it has such a plugin already; any version from 2 on will do. */
  probe: ['docker', 'compose', 'version'],
  fileInPackage: 'usr/libexec/docker/cli-plugins/docker-compose',
  /** Where docker looks for plugins of the machine that no package owns. */
  target: '/usr/local/lib/docker/cli-plugins/docker-compose',
  why: 'Compose files of newer machines are put before compose 2',
};
