/**
 * The life of ONE execution: claim → grant → effect, at most once, ever → verification → its dependents → report.
 *
 * Reads the document of its action, the health of its services and what is desired, as its desk hands them on. Says what
 * it wants sent as commands to its desk. Remembers nothing itself: what must survive a restart is in the claims journal
 * before the step that rests on it, and `record` brings it back (architecture, section 3, "At most once"; decisions/0010).
 * Fails only into an outcome: every waiting state handles success, error, time-out and the end of the action.
 */
import { and, assign, not } from 'xstate';
import { effectOf, initialFacts, known, reasonOf, recordOf, serviceOf, withStepActed } from './facts.ts';
import { begun, conclude, execution } from './machine-parts.ts';
import * as ends from './outcome.ts';

export const executionMachine = execution.createMachine({
  id: 'execution',
  context: ({ input }) => initialFacts(input),
  output: ({ context }) => ({ id: context.action.id, record: recordOf(context), reason: reasonOf(context) }),
  on: { document: { actions: 'noteDocument' }, health: { actions: 'noteHealth' }, desired: { actions: 'noteDesired' } },
  initial: 'resuming',
  states: {
    resuming: {
      always: [
        { guard: and(['hasClaim', 'isOver']), target: 'settling' },
        { guard: 'isOver', target: 'ended' },
        { guard: 'hasOutcome', target: 'reporting', actions: 'announceEnd' },
        { guard: and(['isLeftBegun', 'isDependent']), target: 'recording', actions: conclude.verified },
        { guard: 'isLeftBegun', target: 'recording', actions: conclude.unknown },
        { guard: and(['hasActed', 'mustVerify']), target: 'verifying' },
        { guard: 'hasActed', target: 'recording', actions: conclude.done },
        { guard: 'hasClaim', target: 'asking' },
        { target: 'claiming' },
      ],
    },
    claiming: {
      entry: 'phaseClaiming',
      invoke: {
        src: 'writeClaim',
        input: ({ context }) => ({ id: context.action.id, attempt: context.action.attempt, lastBegunAtMs: context.lastBegunAtMs }),
        onDone: { target: 'asking', actions: assign(({ event }) => ({ nonce: event.output.nonce, claimedAtMs: event.output.at, nowMs: event.output.at })) },
        onError: {
          target: 'unclaimed',
          actions: { type: 'complain', params: ({ event }) => ({ what: `the claim could not be written down: ${String(event.error)}` }) },
        },
      },
      after: { writeDeadline: { target: 'unclaimed', actions: { type: 'complain', params: { what: 'the claim could not be written down in time' } } } },
    },
    /** A full disk: tried again as long as the approval stands. */
    unclaimed: {
      always: [
        { guard: 'isOver', target: 'ended' },
        { guard: 'isWithdrawn', target: 'ended' },
      ],
      after: { resend: { target: 'claiming' } },
    },
    asking: {
      entry: 'phaseClaiming',
      always: [
        { guard: 'isOver', target: 'settling' },
        { guard: 'isWithdrawn', target: 'ended' },
        { guard: 'isGrantedToAnother', target: 'settling' },
        { guard: and(['isGranted', not('leaseHolds')]), target: 'recording', actions: conclude.leaseExpired },
        { guard: and(['isGranted', not('hasHandler')]), target: 'recording', actions: conclude.handlerMissing },
        { guard: and(['isGranted', not('hasGoodParams')]), target: 'recording', actions: conclude.paramsRefused },
        { guard: and(['isGranted', 'isOnNode', not('mayClean')]), target: 'recording', actions: conclude.cleanupRefused },
        { guard: and(['isGranted', 'isOnNode']), target: 'beginning' },
        { guard: and(['isGranted', not('hasService')]), target: 'recording', actions: conclude.containerMissing },
        { guard: 'isGranted', target: 'finding' },
      ],
      initial: 'waiting',
      states: {
        waiting: { always: { guard: 'isApproved', target: 'asked' } },
        asked: {
          entry: 'requestGrant',
          after: { resend: { target: 'waiting' } },
          on: { synced: { target: 'waiting' } },
        },
      },
    },
    finding: {
      entry: 'phaseWorking',
      always: [
        { guard: and(['isOver', 'isDependent']), target: 'recording', actions: conclude.grantLost },
        { guard: 'isOver', target: 'settling' },
        { guard: 'isWithdrawn', target: 'ended' },
        { guard: 'isGrantedToAnother', target: 'settling' },
      ],
      invoke: {
        src: 'findTarget',
        input: ({ context }) => ({ service: serviceOf(context) }),
        onDone: { target: 'found', actions: assign(({ event }) => ({ target: event.output.target, nowMs: event.output.at })) },
        onError: { target: 'failing', actions: assign({ outcome: ({ event }) => ends.lookupFailed(event.error) }) },
      },
      after: { findDeadline: { target: 'failing', actions: conclude.lookupTimedOut } },
    },
    /** The last look at the grant before anything is written. */
    found: {
      always: [
        { guard: and([not('hasTarget'), not('mayBeMade')]), target: 'failing', actions: conclude.containerMissing },
        { guard: 'leaseHolds', target: 'beginning' },
        { target: 'failing', actions: conclude.leaseExpired },
      ],
    },
    beginning: {
      entry: 'phaseWorking',
      invoke: {
        src: 'writeBegun',
        input: ({ context }) => ({ nonce: known(context.nonce), dependent: context.dependent }),
        onDone: { target: 'begun', actions: assign({ nowMs: ({ event }) => event.output.at }) },
        onError: { target: 'failing', actions: assign({ outcome: ({ event }) => ends.journalFailed(event.error) }) },
      },
      after: { writeDeadline: { target: 'failing', actions: conclude.beginTimedOut } },
    },
    /** The last look at the grant before the effect: the write may have taken long. */
    begun: {
      always: [
        { guard: and(['isGranted', 'leaseHolds']), target: 'acting', actions: ['noteStepBegun', 'announceStart'] },
        { guard: 'isGranted', target: 'failing', actions: conclude.leaseExpired },
        { target: 'failing', actions: conclude.grantLost },
      ],
    },
    /** The only way in is from `begun`, once for each begun mark: an effect cannot be called back, so what the document says meanwhile is only noted. */
    acting: {
      invoke: {
        src: 'doEffect',
        input: ({ context }) => effectOf(context),
        onDone: { target: 'acted', actions: assign(({ context, event }) => withStepActed(context, event.output.acted)) },
        onError: { target: 'failing', actions: assign({ outcome: ({ context, event }) => ends.effectFailed(event.error, begun(context)) }) },
      },
      after: { effectDeadline: { target: 'failing', actions: conclude.effectTimedOut } },
    },
    acted: {
      always: [
        { guard: 'mustVerify', target: 'verifying' },
        { target: 'recording', actions: conclude.done },
      ],
    },
    verifying: {
      entry: 'phaseWorking',
      always: { guard: 'isOver', target: 'recording', actions: conclude.grantLost },
      after: {
        verifyWindow: [
          { guard: 'isDependent', target: 'watching' },
          { target: 'recording', actions: conclude.notHealthyInTime },
        ],
      },
      initial: 'looking',
      states: {
        looking: { always: { guard: 'isProven', target: 'calming' } },
        /** Healthy, and perhaps about to crash again: every health tells anew from when on to count. */
        calming: {
          always: [
            { guard: not('isProven'), target: 'looking' },
            { guard: 'isCalm', target: '#execution.watching' },
          ],
          on: { health: { target: 'calming', reenter: true, actions: 'noteHealth' } },
          after: { calm: { target: '#execution.watching', actions: 'noteCalm' } },
        },
      },
    },
    /** The dependents that the approval names have some time to become well by themselves. */
    watching: {
      always: [
        { guard: 'isOver', target: 'recording', actions: conclude.grantLost },
        { guard: not('hasNextDependent'), target: 'recording', actions: conclude.verified },
      ],
      after: {
        dependentGrace: { target: 'choosing' },
      },
    },
    choosing: {
      invoke: { src: 'readClock', onDone: { target: 'chosen', actions: assign({ nowMs: ({ event }) => event.output.at }) } },
    },
    chosen: {
      always: [
        { guard: and(['hasNextDependent', 'hasTimeForAnother']), target: 'finding', actions: 'takeNextDependent' },
        { target: 'recording', actions: conclude.verified },
      ],
    },
    failing: {
      always: [{ guard: 'isDependent', target: 'watching', actions: 'noteFailure' }, { target: 'recording' }],
    },
    recording: {
      entry: 'phaseWorking',
      invoke: {
        src: 'writeOutcome',
        input: ({ context }) => ({ nonce: known(context.nonce), outcome: known(context.outcome) }),
        onDone: {
          target: 'reporting',
          actions: [assign({ outcome: ({ event }) => event.output.outcome, nowMs: ({ event }) => event.output.at }), 'announceEnd'],
        },
        // Reported all the same: the document is the better memory now. A restart before that would say `outcome_unknown`.
        onError: {
          target: 'reporting',
          actions: [{ type: 'complain', params: ({ event }) => ({ what: `the outcome could not be written down: ${String(event.error)}` }) }, 'announceEnd'],
        },
      },
      after: {
        writeDeadline: {
          target: 'reporting',
          actions: [{ type: 'complain', params: { what: 'the outcome could not be written down in time' } }, 'announceEnd'],
        },
      },
    },
    reporting: {
      entry: ['phaseReporting', 'requestEnd'],
      always: [
        { guard: 'isOver', target: 'settling' },
        { guard: 'isWithdrawn', target: 'ended' },
      ],
      after: { resend: { target: 'reporting', reenter: true } },
      on: { synced: { target: 'reporting', reenter: true } },
    },
    settling: {
      entry: assign({ settled: true }),
      invoke: {
        src: 'writeSettled',
        input: ({ context }) => ({ nonce: known(context.nonce) }),
        onDone: { target: 'ended' },
        // Harmless: the next life looks at the document once more and settles it then.
        onError: {
          target: 'ended',
          actions: { type: 'complain', params: ({ event }) => ({ what: `its end could not be written down: ${String(event.error)}` }) },
        },
      },
      after: { writeDeadline: { target: 'ended', actions: { type: 'complain', params: { what: 'its end could not be written down in time' } } } },
    },
    ended: { type: 'final' },
  },
});
