/**
 * The reference of rebuild: splits files into lines and parses each, nothing more. `parse-only.mjs <file>…` prints
 * `{"lines": …, "seconds": …}`.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** As large as the observer's own. */
const chunkBytes = 1 << 20;
const chunk = Buffer.allocUnsafe(chunkBytes);

function parseFile(file: string): number {
  let lines = 0;
  let rest = Buffer.alloc(0);
  const descriptor = openSync(file, 'r');
  for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
    const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
    const end = bytes.lastIndexOf(10) + 1;
    rest = bytes.subarray(end);
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      if (line === '') continue;
      JSON.parse(line);
      lines += 1;
    }
  }
  closeSync(descriptor);
  return lines;
}

const beganMs = performance.now();
let lines = 0;
for (const file of process.argv.slice(2)) lines += parseFile(file);
process.stdout.write(JSON.stringify({ lines, seconds: (performance.now() - beganMs) / 1000 }));
