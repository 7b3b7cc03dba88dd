/**
 * Named places where a process may be killed by a test: before and after each fsync, publish and effect that our
 * durability rests on. The names are enumerated here, so that a test can walk all of them.
 * Unarmed (always, outside tests) a kill point costs one comparison.
 */

export const killPoints = [
  'outbox.before-append',
  'outbox.before-fsync',
  'outbox.after-fsync',
  'outbox.before-publish',
  'outbox.after-publish',
  'outbox.before-compact',
  'outbox.after-compact',
  'observer.before-store',
  'observer.before-fsync',
  'observer.after-fsync',
  'observer.before-cursor',
  'observer.after-cursor',
  'observer.before-checkpoint',
  'observer.after-checkpoint',
  'ledger.before-append',
  'ledger.before-fsync',
  'ledger.after-fsync',
  'ledger.before-publish',
  'ledger.after-publish',
  'ledger.before-reply',
  'ledger.after-reply',
  'executor.before-claim-append',
  'executor.before-claim-fsync',
  'executor.after-claim-fsync',
  'executor.after-claim-publish',
  'executor.before-begun-append',
  'executor.before-begun-fsync',
  'executor.after-begun-fsync',
  'executor.before-effect',
  'executor.after-effect',
  'executor.before-acted-append',
  'executor.before-acted-fsync',
  'executor.after-acted-fsync',
  'executor.before-outcome-append',
  'executor.before-outcome-fsync',
  'executor.after-outcome-fsync',
  'executor.after-outcome-publish',
  'bridge.before-append',
  'bridge.before-fsync',
  'bridge.after-fsync',
  'supervisor.before-propose',
  'supervisor.after-propose',
] as const;
export type KillPoint = (typeof killPoints)[number];

let armed: { readonly point: KillPoint; left: number } | null = null;

/** Arms one point; `spec` is `<point>` or `<point>#<n>` for its n-th passing. Throws on a name that is not in the list. */
export function armKillPoint(spec: string): void {
  const [name, nth] = spec.split('#');
  const point = killPoints.find((each) => each === name);
  if (point === undefined) throw new Error(`no kill point is called ${JSON.stringify(name)}; there are: ${killPoints.join(', ')}`);
  armed = { point, left: nth === undefined ? 1 : Number(nth) };
}

/** Dies here, as by kill -9, when this point is armed and its count is reached. */
export function killPoint(point: KillPoint): void {
  if (armed === null || armed.point !== point) return;
  armed.left -= 1;
  if (armed.left > 0) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal may be delivered a moment later: nothing more may happen meanwhile.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}
