/**
 * `homelab explain`: where a node or service is declared, what it needs, what needs it, what the memory budget says, and what would
 * happen without it. Reads the files of the inventory directory; asks nobody. Exit code 2 for a name that nothing is declared as.
 */
import { judge } from '../../actors/inventory/rules/judge.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { actorNames } from '../compose.ts';
import { graphOf } from '../declared/graph.ts';
import { whereRead } from '../declared/where-read.ts';
import { explainNode } from '../explain/node.ts';
import { nodeScreen, serviceScreen } from '../explain/screen.ts';
import { explainService } from '../explain/service.ts';
import { subjectOf } from '../explain/subject.ts';
import { exitCodes, type Output } from '../output.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';

export async function explain(settings: Settings, out: Output, name: string): Promise<number> {
  const tree = await readTree(settings.inventoryDir);
  const graph = graphOf(tree);
  const findings = judge(tree, { version, actors: actorNames });
  const subject = subjectOf(tree, name, whereRead(settings));
  if (subject.kind === 'node') {
    const node = explainNode(tree, graph, subject.node, findings);
    if (out.json) out.value(node);
    else for (const line of nodeScreen(node)) out.line(line);
    return exitCodes.ok;
  }
  const services = subject.placements.map((placement) => explainService(tree, graph, placement, findings));
  services.forEach((service, at) => {
    if (out.json) out.value(service);
    else for (const line of [...(at === 0 ? [] : ['']), ...serviceScreen(service)]) out.line(line);
  });
  return exitCodes.ok;
}
