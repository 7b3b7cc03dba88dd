/**
 * `homelab init`: a proposal of hosts/<this machine>/ from what runs here, for review in Git.
 *
 * Reads the container engine, the machine and who has which role; writes files that are not there yet into the inventory directory, where that
 * was named or is about this machine, else into a directory of its own, where nothing counts yet: beside the homelab of somebody else it would
 * make all of that count. Never changes a file that is there, and never writes the value of a variable. Fails when there is an engine that does
 * not answer.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contentOf, type DeclaredTree, isAbout } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import { isNodeDirectoryName } from '../../contracts/inventory/words.ts';
import { rolesNow } from '../creds/roles.ts';
import { readMachine } from '../init/machine.ts';
import { accessFile, counted, type MachineFacts, type ProposedFile, proposedFiles, topologyFile, topologyLines } from '../init/proposal.ts';
import { exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';

export interface InitOptions {
  /** Show it, write nothing. */
  readonly print?: boolean;
}

type FileState = 'written' | 'left' | 'shown';

export async function init(settings: Settings, out: Output, options: InitOptions): Promise<number> {
  if (!isNodeDirectoryName(settings.node)) {
    throw new UsageError(`${JSON.stringify(settings.node)} cannot be a node's name (lower case, not beginning with "site-"); NODE_NAME gives it another`);
  }
  const { directory, tree, counts } = await placeOf(settings);
  const facts = await readMachine(settings, directory);
  const topology = planTopology(tree, facts);
  const access = await planAccess(settings, tree, facts);
  const files = [...proposedFiles(facts), ...[topology.file, access].filter((file) => file !== null)];
  const done: { readonly file: ProposedFile; readonly state: FileState }[] = [];
  for (const file of files) done.push({ file, state: options.print === true ? 'shown' : await writeNew(directory, file) });
  if (out.json) {
    const leftOut = facts.selection?.leftOut ?? [];
    const listed = done.map(({ file: { path, text, summary }, state }) => ({ path, state, summary, text }));
    out.value({ node: facts.node, directory, counts, files: listed, left_out: leftOut, add_to_topology: topology.lines });
  } else if (options.print === true) {
    for (const { path, text } of files) out.line(`# ==> ${path}\n${text}`);
    for (const line of topologyAdvice(topology)) out.line(line === '' ? line : `# ${line}`);
  } else report({ directory, counts }, out, { facts, done, topology });
  return exitCodes.ok;
}

interface Place {
  readonly directory: string;
  readonly tree: DeclaredTree;
  /** What is written there is in force where this machine runs homelab. */
  readonly counts: boolean;
}

async function placeOf({ inventoryDir, isInventoryNamed, proposalDir, node }: Settings): Promise<Place> {
  const tree = await readTree(inventoryDir);
  if (isInventoryNamed || isAbout(tree, node)) return { directory: inventoryDir, tree, counts: true };
  return { directory: proposalDir, tree: await readTree(proposalDir), counts: false };
}

/** Only in the first file of a homelab: a list beside what others declared would take their roles away. null: everybody stays an operator. */
async function planAccess(settings: Settings, tree: DeclaredTree, facts: MachineFacts): Promise<ProposedFile | null> {
  if (tree.access !== 'absent' || tree.topology !== 'absent' || [...tree.hosts.keys()].some((node) => node !== facts.node)) return null;
  const roles = await rolesNow(settings);
  return Object.keys(roles).length === 0 ? null : accessFile(facts, roles);
}

interface TopologyPlan {
  /** null: none is proposed. */
  readonly file: ProposedFile | null;
  /** What a person should add to the one that is there. */
  readonly lines: readonly string[];
  /** Why neither; null: there is nothing to say. */
  readonly remark: string | null;
}

function planTopology({ topology: there }: DeclaredTree, facts: MachineFacts): TopologyPlan {
  const { path } = inventoryFiles.topology;
  if (there !== 'absent') {
    return { file: null, lines: contentOf(there)?.nodes[facts.node] === undefined ? topologyLines(facts) : [], remark: null };
  }
  const broker = facts.selection?.services.find(({ role }) => role === 'message-broker');
  if (broker !== undefined) return { file: topologyFile(facts, broker.name), lines: [], remark: null };
  return {
    file: null,
    lines: [],
    remark: `${path}: not proposed, because it names the MQTT broker of a site and none runs in a container here. One machine needs none.`,
  };
}

function topologyAdvice({ lines, remark }: TopologyPlan): readonly string[] {
  if (remark !== null) return ['', remark];
  return lines.length === 0 ? [] : ['', `Add to ${inventoryFiles.topology.path}, below nodes:`, ...lines];
}

async function writeNew(directory: string, { path, text }: ProposedFile): Promise<FileState> {
  const target = join(directory, path);
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, { flag: 'wx' });
    return 'written';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return 'left';
    if (code === undefined) throw error;
    throw new UsageError(`${target} cannot be written (${message}). HOMELAB_INVENTORY names another directory; --print shows the proposal.`);
  }
}

interface Report {
  readonly facts: MachineFacts;
  readonly done: readonly { readonly file: ProposedFile; readonly state: FileState }[];
  readonly topology: TopologyPlan;
}

function report({ directory, counts }: Omit<Place, 'tree'>, out: Output, { facts, done, topology }: Report): void {
  const { node, selection } = facts;
  const found = selection === null ? 'no container engine' : counted(selection.services.length + selection.leftOut.length, 'container');
  out.line(`A proposal for ${node} (${found}) in ${directory}`);
  const width = Math.max(...done.map(({ file }) => file.path.length));
  for (const { file, state } of done) {
    const what = state === 'left' ? 'was there already and was left as it is; see --print' : file.summary;
    out.line(`  ${state.padEnd(7)}  ${file.path.padEnd(width)}  ${what}`);
  }
  for (const line of topologyAdvice(topology)) out.line(line);
  const wrote = done.some(({ state }) => state === 'written');
  out.line('');
  if (!wrote) out.line('Nothing was written.');
  if (counts) {
    if (wrote) out.line(`It counts where homelab runs with this directory. Next: review it, then homelab validate, then git add hosts/${node} and commit.`);
    return;
  }
  out.line('Nothing of it counts yet: what runs here stays adopted. Next: review it, then');
  out.line(`  homelab validate ${directory}`);
  out.line(`  git -C ${directory} init && git -C ${directory} add . && git -C ${directory} commit -m "what runs on ${node}"`);
  out.line(`  export HOMELAB_INVENTORY=${directory}   # and start homelab again: from then on it counts`);
}
