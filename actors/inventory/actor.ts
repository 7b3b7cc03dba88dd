/**
 * Wiring of the inventory (reduce.ts): reads the files when they change and every minute, remembers, publishes.
 *
 * Reads: the inventory directory and the access list in the data directory through its port; `health/<own node>/#` and the manifest of the own node-agent, to adopt.
 * Writes: `desired/<node>` of each declared node and of its own. Remembers: declared.json, adopted.json.
 * Fails: a directory that does not answer counts as unreadable, and what was in force stays.
 */
import type { ActorIo, ActorModule, Blueprint } from '../../bus/actor.ts';
import { withDeadline } from '../../bus/clock.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { InventoryMemory } from './memory.ts';
import type { Checkout, InventoryPorts } from './ports.ts';
import { detail, type InventoryCommand, type InventoryEvent, initialState, mode, reduce, wakeAt } from './reduce.ts';
import { emptyTree, isAbout, unreadableTree } from './tree.ts';

/** A directory of small files reads in milliseconds; a share that takes longer than this is not answering. */
const readDeadlineMs = 10_000;

export interface InventoryModuleOptions {
  /** Actors expected on a node whose file does not name any, and on an adopted one. */
  readonly agents: readonly string[];
  /** Site of a node whose file does not say; default: the site of this process. */
  readonly site?: string;
  /** The directory was not named by anybody: it counts only where this node is in it, and else this node is adopted. Default false. */
  readonly onlyIfOwnNode?: boolean;
}

/** `ports` null: there is no directory, so that this node is adopted. */
export function createInventoryModule(options: InventoryModuleOptions, ports: InventoryPorts | null): ActorModule {
  return {
    name: 'inventory',
    create: async (io) => {
      const memory = new InventoryMemory({ dataDir: io.dataDir, log: io.log });
      const remembered = memory.load();
      let isForeign = false;
      const read = async (from: InventoryPorts): Promise<Checkout> => {
        const checkout = await readInTime(io, from);
        const wasForeign = isForeign;
        isForeign = options.onlyIfOwnNode === true && !isAbout(checkout.tree, io.node);
        if (isForeign && !wasForeign) io.log.info(notOurs);
        return withOwnAccess(isForeign ? { ...checkout, tree: emptyTree, commit: null } : checkout);
      };
      const first = ports === null ? null : await read(ports);
      // Only these: other machines of the site may publish what they adopted under names that are not ours.
      const owned = new Set([io.node, ...Object.keys(remembered.declared?.nodes ?? {}), ...(first?.tree.hosts.keys() ?? [])]);
      const settings = { node: io.node, site: options.site ?? io.site, agents: options.agents, hasDirectory: ports !== null };
      const logic = reducerLogic(reduce, initialState(settings, remembered));
      let tellActor: ((event: InventoryEvent) => void) | null = null;
      const blueprint: Blueprint<typeof logic, InventoryEvent, InventoryCommand> = {
        logic,
        reads: [
          { topic: topics.nodeHealth, levels: { node: io.node } },
          { topic: topics.serviceHealth, levels: { node: io.node } },
          { topic: topics.manifest, levels: { node: io.node, actor: 'node-agent' } },
        ],
        owns: [...owned].map((node) => ({ topic: topics.desired, levels: { node } })),
        mode: ({ context }) => mode(context.state),
        detail: ({ context }) => detail(context.state),
        wakeAt: ({ context }) => wakeAt(context.state),
        deliver: (delivery) => ({ type: 'delivery', delivery, now: delivery.at }),
        attach: (send) => {
          tellActor = send;
          const changed = (): void => {
            send({ type: 'filesChanged', now: io.clock.now() });
          };
          const stop = ports?.watchInventory(changed);
          changed();
          return () => {
            tellActor = null;
            stop?.();
          };
        },
        commands: {
          read: async () => {
            if (ports === null) return;
            const checkout = await read(ports);
            tellActor?.({ type: 'filesRead', checkout, now: io.clock.now() });
          },
          tell: async ({ draft }) => {
            await io.emit(draft);
            if (draft.type === 'inventory_invalid') io.log.error({ problem: draft.payload }, 'inventory_invalid');
            else io.log.info({ problem: draft.payload }, draft.type);
          },
          rememberDeclared: ({ memory: declared }) => memory.saveDeclared(declared),
          rememberAdopted: ({ memory: adopted }) => memory.saveAdopted(adopted),
          publish: ({ node, body }) => {
            io.documents.set(topics.desired, { node }, body);
          },
          remove: ({ node }) => {
            io.documents.remove(topics.desired, { node });
          },
          complete: () => {
            io.documents.complete();
          },
        },
      };
      return blueprint;
    },
  };
}

const notOurs = 'this machine is not in the inventory that comes with the program, so what runs here is adopted; `homelab init` proposes its files';

/** The list of the declared homelab is the authority where there is one. */
function withOwnAccess(checkout: Checkout): Checkout {
  const { tree, own } = checkout;
  if (own === undefined || own.access === 'absent' || tree.access !== 'absent') return checkout;
  return { ...checkout, tree: { ...tree, access: own.access, findings: [...tree.findings, ...own.findings] } };
}

async function readInTime(io: ActorIo, ports: InventoryPorts): Promise<Checkout> {
  try {
    return await withDeadline(io.clock, readDeadlineMs, 'reading the inventory', ports.readInventory());
  } catch (error) {
    return { tree: unreadableTree(`the directory cannot be read: ${error instanceof Error ? error.message : String(error)}`), commit: null };
  }
}
