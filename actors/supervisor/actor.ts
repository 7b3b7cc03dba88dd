/**
 * Wiring of the supervisor (reduce.ts): what it reads, and how its commands leave.
 *
 * Reads: world documents, action and maintenance documents, desired state. Writes: requests `pending` and `cancelled`
 * under its own login, `decisions/<node>`. Remembers: nothing. It does not read `links/…`: it judges only the nodes of its
 * own site, whose broker it sits at, and works on while the uplink is down.
 */
import type { ActorModule, Blueprint } from '../../bus/actor.ts';
import { killPoint } from '../../bus/kill-point.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { initialState, mode, reduce, type SupervisorCommand, type SupervisorEvent, wakeAt } from './reduce.ts';

export interface SupervisorOptions {
  /** How long a request waits to be shown before it is said again, milliseconds; default 10 s. */
  readonly repeatMs?: number;
}

export function createSupervisorModule(options: SupervisorOptions = {}): ActorModule {
  return {
    name: 'supervisor',
    create: (io) => {
      const logic = reducerLogic(reduce, initialState({ ...options, site: io.site }));
      const blueprint: Blueprint<typeof logic, SupervisorEvent, SupervisorCommand> = {
        logic,
        reads: [
          { topic: topics.desired },
          { topic: topics.worldNode },
          { topic: topics.worldService },
          { topic: topics.incident },
          { topic: topics.action },
          { topic: topics.maintenance },
        ],
        owns: [{ topic: topics.decisions, onlyOwnSite: true }],
        mode: ({ context }) => mode(context.state),
        wakeAt: ({ context }) => wakeAt(context.state),
        deliver: (delivery) => ({ type: 'delivery', delivery, now: delivery.at }),
        commands: {
          propose: async ({ id, proposal }) => {
            killPoint('supervisor.before-propose');
            const isSent = await io.send(topics.request, { state: 'pending', requester: io.login }, proposal);
            killPoint('supervisor.after-propose');
            io.log.info({ id, trigger: proposal.evidence.trigger_type, isSent }, 'proposal');
          },
          withdraw: async ({ id, reason, note }) => {
            const isSent = await io.send(topics.request, { state: 'cancelled', requester: io.login }, { id, reason, note });
            io.log.info({ id, reason, isSent }, 'withdrawal');
          },
          decide: ({ node, body }) => {
            io.documents.set(topics.decisions, { node }, { ...body, site: io.site });
          },
          undecide: ({ node }) => {
            io.documents.remove(topics.decisions, { node });
          },
          complete: () => {
            io.documents.complete();
          },
        },
      };
      return Promise.resolve(blueprint);
    },
  };
}
