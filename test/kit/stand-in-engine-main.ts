/**
 * The stand-in engine as a process: `node --import tsx test/kit/stand-in-engine-main.ts '{"socketPath": …, "effectsFile": …, "containers": […]}'`.
 * Says `ready` when it listens, and ends when its input does, so that it never outlives who started it.
 */
import { StandInEngine, type StandInOptions } from './stand-in-engine.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as StandInOptions & { readonly socketPath: string };
await new StandInEngine(options).listen(options.socketPath);
process.stdout.write('ready\n');
process.stdin.resume().once('end', () => process.exit(0));
