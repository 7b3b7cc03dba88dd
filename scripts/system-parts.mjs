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
  { package: 'busybox-static', executable: 'busybox', static: true, why: 'the image of the test containers, made without a registry' },
];
