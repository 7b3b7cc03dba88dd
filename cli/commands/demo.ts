/** `homelab demo`: breaks and heals things in the running demo (`homelab up --demo`). Touches nothing real. */
import { askDemo } from '../demo/control-socket.ts';
import { demoRoot } from '../demo/demo-root.ts';
import { coloured, exitCodes, type Output, simulatedLine, table } from '../output.ts';
import type { Settings } from '../settings.ts';

export interface DemoArguments {
  readonly deed: string;
  readonly node?: string | undefined;
  readonly service?: string | undefined;
}

export async function demo(settings: Settings, out: Output, { deed, node, service }: DemoArguments): Promise<number> {
  const answer = await askDemo(demoRoot(settings), { do: deed, ...(node === undefined ? {} : { node }), ...(service === undefined ? {} : { service }) });
  if (out.json) out.value(answer);
  else if (answer.nodes === undefined) out.line(answer.summary);
  else {
    out.line(simulatedLine);
    const rows = answer.nodes.flatMap(({ node: name, status, services }) => {
      const running = Object.entries(services).map(([container, state]) => [name, status, container, state]);
      return running.length === 0 ? [[name, status, '-', '-']] : running;
    });
    out.line(table(['node', 'engine', 'service', 'container'], rows));
    out.line(`What can be done to them: ${coloured('homelab demo --help')}`);
  }
  if (answer.ok) return exitCodes.ok;
  return ['unknown_deed', 'unknown_node', 'unknown_service'].includes(answer.code) ? exitCodes.usage : exitCodes.trouble;
}
