/** What the scripts and styles of the page weigh as the server sends them, packed. */
import { get } from 'node:http';

/** Bytes of all that index.html names and that is script or style. */
export async function pageWeight(url: string): Promise<number> {
  const html = (await packed(url, 'identity')).toString('utf8');
  const names = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, name]) => name ?? '');
  if (!names.some((name) => name.endsWith('.js'))) throw new Error(`${url}: expected an HTML page that names its script`);
  const sizes = await Promise.all(names.map(async (name) => (await packed(new URL(name, url).href, 'gzip')).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const packed = (url: string, encoding: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': encoding } }, (response) => {
      const isAsWanted = response.statusCode === 200 && (response.headers['content-encoding'] ?? 'identity') === encoding;
      if (!isAsWanted)
        reject(new Error(`${url}: expected it as ${encoding}, got ${response.statusCode} as ${response.headers['content-encoding'] ?? 'identity'}`));
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts)));
      response.on('error', reject);
    }).on('error', reject);
  });
