/**
 * The page itself: files that were built beforehand, from our own machine only. What has a digest in its name is kept by browsers for a
 * year; index.html is asked for each time. Where nothing was built, `/` says so.
 */
import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { App } from './app-types.ts';

const yearS = 365 * 24 * 3600;

const notBuilt = `The page is not built: npm run build makes it. The API is here: /openapi.json, /summary, /actions, /ai.\n`;

export async function addPage(app: App, directory: string | null): Promise<void> {
  if (directory === null || !existsSync(join(directory, 'index.html'))) {
    app.get('/', { config: { gate: 'open' }, schema: { hide: true } }, (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').send(notBuilt));
    return;
  }
  await app.register(async (files) => {
    files.addHook('onRoute', (route) => {
      route.config = { ...route.config, gate: 'open' };
      route.schema = { hide: true };
    });
    await files.register(fastifyStatic, {
      root: directory,
      prefix: '/',
      // Only what was built: nothing that is put there later, and no directory.
      wildcard: false,
      index: ['index.html'],
      dotfiles: 'deny',
      cacheControl: false,
      setHeaders: (response, path) => {
        const isNamedByContent = path.includes(`${sep}assets${sep}`);
        response.header('cache-control', isNamedByContent ? `public, max-age=${yearS}, immutable` : 'no-cache');
      },
    });
  });
}
