/** `homelab demo`: breaks and heals things in the running demo (`homelab up --demo`). Touches nothing real. */
import { askDemo } from '../demo/control-socket.ts';
import { nodeDeeds, serviceDeeds } from '../demo/deeds.ts';
import { demoRoot } from '../demo/run-demo.ts';
import { coloured, exitCodes, type Output, simulatedLine, table } from '../output.ts';
import type { Settings } from '../settings.ts';

export interface DemoArguments {
  readonly deed: string;
  readonly node?: string | undefined;
  readonly service?: string | undefined;
}

/** For `--help`. */
export const deedsHelp = [
  '',
  'To a service:',
  ...Object.entries(serviceDeeds).map(([name, what]) => `  ${`${name} <node> <service>`.padEnd(26)}${what}`),
  'To a node:',
  ...Object.entries(nodeDeeds).map(([name, what]) => `  ${`${name} <node>`.padEnd(26)}${what}`),
  `  ${'list'.padEnd(26)}nodes and services, and how they are`,
].join('\n');

export async function demo(settings: Settings, out: Output, { deed, node, service }: DemoArguments): Promise<number> {
  const answer = await askDemo(demoRoot(settings), { do: deed, ...(node === undefined ? {} : { node }), ...(service === undefined ? {} : { service }) });
  if (out.json) out.value(answer);
  else if (answer.nodes === undefined) out.line(answer.summary);
  else {
    out.line(simulatedLine);
    const rows = answer.nodes.flatMap((each) => Object.entries(each.services).map(([name, status]) => [each.node, each.status, name, status]));
    out.line(table(['node', 'engine', 'service', 'container'], rows));
    out.line(`What can be done to them: ${coloured('homelab demo --help')}`);
  }
  if (answer.ok) return exitCodes.ok;
  return ['unknown_deed', 'unknown_node', 'unknown_service'].includes(answer.code) ? exitCodes.usage : exitCodes.trouble;
}
