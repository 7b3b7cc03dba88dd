/** Whether an address or name is this machine itself. Pure. */

/** A host as it is configured, as a URL has it (`[::1]`), or an address as a socket shows it (`::ffff:127.0.0.1`). undefined: a connection that is gone; not this machine. */
export function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false;
  const bare = host.replace(/^\[(.*)\]$/, '$1').replace(/^::ffff:(?=\d)/i, '');
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}
