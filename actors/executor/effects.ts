/**
 * What an effect does through the ports: one function for each name a handler may give. No retries, no decisions.
 *
 * Rejects with the port's ControlError; the machine makes the outcome of it.
 */
import { type Clock, isoTime, withDeadline } from '../../bus/clock.ts';
import type { Acted } from './claims.ts';
import { cleanDisk } from './clean-disk.ts';
import { keepDiagnostics } from './diagnostics.ts';
import type { EffectName } from './handlers/handler.ts';
import { ControlError, type ExecutorPorts } from './ports.ts';
import type { EffectInput, Target } from './protocol.ts';

type EffectResult = Omit<Acted, 'at' | 'previous_start'>;

export interface EffectWorld {
  readonly ports: ExecutorPorts;
  readonly clock: Clock;
  readonly diagnosticsDir: string;
}

/** Docker's own default before it kills: a container that wants more says so in its stop_grace_period, which compose applies, not we. */
const stopTimeoutS = 10;
/** The look after the restart only sharpens the verification: not worth waiting for. */
const lookAfterDeadlineMs = 5_000;
/** Results travel in a document that aims below 1.5 kB; the whole log is in the file. */
const outputCharsMax = 500;
const tailLinesMax = 5;
const tailCharsMax = 160;

export const effects: { readonly [E in EffectName]: (world: EffectWorld, input: EffectInput) => Promise<EffectResult> } = {
  async restart_container({ ports, clock }, input) {
    const { service, target } = containerOf(input);
    await ports.restartContainer(target.id, { stopTimeoutS });
    // Without an answer the weaker rule stands: a start after the effect began.
    const after = await withDeadline(clock, lookAfterDeadlineMs, 'look after the restart', ports.findContainer(service)).catch(() => null);
    const startedAtMs = after === null || after.startedAt === null ? null : Date.parse(after.startedAt);
    return { start: startedAtMs, code: 'restarted', message: `${target.id.slice(0, 12)} restarted`, result: {} };
  },

  async redeploy_service(world, input) {
    if (input.on?.target === null) return createService(world, input);
    const { ports, clock } = world;
    const { service, target } = containerOf(input);
    const output = await ports.redeployService(target.id);
    const after = await withDeadline(clock, lookAfterDeadlineMs, 'look after the redeployment', ports.findContainer(service)).catch(() => null);
    // Compose 1.29 ends with 0 as well where it did nothing at all.
    if (after?.id === target.id)
      throw new ControlError('compose_failed', 'Compose said that it was done, and it is the same container', { result: { output } });
    const start = after === null || after.startedAt === null ? null : Date.parse(after.startedAt);
    const replaced = target.id.slice(0, 12);
    return { start, replaced, code: 'redeployed', message: `${replaced} replaced by ${after?.id.slice(0, 12) ?? 'another'}`, result: { output } };
  },

  async run_healthcheck({ ports }, input) {
    const { target } = containerOf(input);
    const { exitCode, output } = await ports.runHealthcheck(target.id);
    return {
      start: null,
      code: 'healthcheck_ran',
      message: `the health check exited with ${exitCode}`,
      result: { exit_code: exitCode, output: output.slice(-outputCharsMax) },
    };
  },

  async collect_diagnostics({ ports, clock, diagnosticsDir }, input) {
    const { service, target } = containerOf(input);
    const { id, attempt } = input;
    const { inspect, log } = await ports.collectDiagnostics(target.id);
    const content = { action_id: id, attempt, service, container_id: target.id, collected_at: isoTime(clock.now()), inspect, log };
    const { file, bytes } = await keepDiagnostics(diagnosticsDir, { id, attempt, content });
    const tail = log.slice(-tailLinesMax).map((line) => line.slice(0, tailCharsMax));
    return { start: null, code: 'diagnostics_collected', message: `written to ${file}`, result: { file, bytes, log_tail: tail } };
  },

  async clean_disk({ ports, clock }, { cleanup }) {
    if (cleanup === null) throw new ControlError('cleanup_not_allowed', 'the class of this node changed meanwhile');
    return { start: null, ...(await cleanDisk(ports, cleanup, clock)) };
  },
};

async function createService({ ports, clock }: EffectWorld, { on, declaration }: EffectInput): Promise<EffectResult> {
  if (on === null || declaration === null) throw new ControlError('container_missing', 'it is not declared any more; nothing was done');
  const output = await ports.createService(declaration);
  const after = await withDeadline(clock, lookAfterDeadlineMs, 'look after the redeployment', ports.findContainer(on.service)).catch(() => null);
  const start = after === null || after.startedAt === null ? null : Date.parse(after.startedAt);
  return { start, code: 'redeployed', message: `${after?.id.slice(0, 12) ?? 'a container'} made`, result: { output } };
}

function containerOf({ effect, on }: EffectInput): { readonly service: string; readonly target: Target } {
  if (on === null || on.target === null) throw new Error(`${effect} needs a container`);
  return { service: on.service, target: on.target };
}
