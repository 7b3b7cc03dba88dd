/**
 * Wiring of the supervisor (reduce.ts): what it reads, and how its commands leave.
 *
 * Reads: world documents, action and maintenance documents, desired state, health of nodes; events, queued while it is away, for
 * what agents say about Home Assistant. Writes: requests `pending` and `cancelled` under its own login, `decisions/<node>`.
 * Remembers: `home-assistant.json`, what was heard last; when it cannot be read it begins with nothing. It does not read
 * `links/…`: it judges only the nodes of its own site, whose broker it sits at, and works on while the uplink is down.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ActorModule, Blueprint } from '../../bus/actor.ts';
import { writeFileAtomic } from '../../bus/journal.ts';
import { killPoint } from '../../bus/kill-point.ts';
import type { Log } from '../../bus/log.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { HaHeard, heardKey } from './ha-heard.ts';
import type { HaRules } from './judge-home-assistant.ts';
import { initialState, mode, reduce, type SupervisorCommand, type SupervisorEvent, wakeAt } from './reduce.ts';

export interface SupervisorOptions {
  /** How long a request waits to be shown before it is said again, milliseconds; default 10 s. */
  readonly repeatMs?: number;
  /** How events of Home Assistant are answered; see judge-home-assistant.ts for what is usual. */
  readonly haRules?: HaRules;
}

const HaFile = z.object({ heard: z.array(HaHeard) });

export function createSupervisorModule(options: SupervisorOptions = {}): ActorModule {
  return {
    name: 'supervisor',
    create: (io) => {
      const haFile = join(io.dataDir, 'home-assistant.json');
      const logic = reducerLogic(reduce, initialState({ ...options, site: io.site, haHeard: readHeard(haFile, io.log) }));
      const blueprint: Blueprint<typeof logic, SupervisorEvent, SupervisorCommand> = {
        logic,
        reads: [
          { topic: topics.desired },
          { topic: topics.worldNode },
          { topic: topics.worldService },
          { topic: topics.incident },
          { topic: topics.action },
          { topic: topics.maintenance },
          { topic: topics.nodeHealth },
          { topic: topics.serviceHealth },
        ],
        queued: [{ topic: topics.events }],
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
          remember: ({ heard }) => writeFileAtomic(haFile, `${JSON.stringify({ heard })}\n`),
          complete: () => {
            io.documents.complete();
          },
        },
      };
      return Promise.resolve(blueprint);
    },
  };
}

/** What an earlier life heard. Without it an event may be made a proposal of a second time, which the ledger's documents then show. */
function readHeard(file: string, log: Log): ReadonlyMap<string, HaHeard> {
  try {
    const { heard } = HaFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return new Map(heard.map((each) => [heardKey(each.node, each.service, each.type), each]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, file }, 'what was heard of Home Assistant could not be read; beginning with nothing');
    return new Map();
  }
}
