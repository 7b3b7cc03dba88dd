import { describe, expect, it } from 'vitest';
import { nodeAliases, resolveNode } from './node-alias.ts';

const resolve = (name: string, own: Readonly<Record<string, string>>, declared: Readonly<Record<string, readonly string[]>>): string =>
  resolveNode(
    name,
    nodeAliases(
      own,
      Object.entries(declared).map(([node, aliases]) => ({ node, aliases })),
    ),
  );

describe('a foreign name of a node', () => {
  it('means the node that declares it', () => {
    expect(resolve('node-1', {}, { vps: ['node-1', 'gateway'], piha: [] })).toBe('vps');
  });

  it('means what this process was told, whatever documents say', () => {
    expect(resolve('node-1', { 'node-1': 'piha' }, { vps: ['node-1'], piha: [] })).toBe('piha');
  });

  it("never hides a node's own name", () => {
    expect(resolve('piha', {}, { vps: ['piha'], piha: [] })).toBe('piha');
  });

  it('that two nodes claim belongs to the first by name, in whatever order they come', () => {
    expect(resolve('node-1', {}, { vps: ['node-1'], piha: ['node-1'] })).toBe('piha');
    expect(resolve('node-1', {}, { piha: ['node-1'], vps: ['node-1'] })).toBe('piha');
  });

  it.each(['vps', 'unheard-of', 'constructor', '__proto__'])('that nobody declares stays what it is: %s', (name) => {
    expect(resolve(name, {}, { vps: ['node-1'] })).toBe(name);
  });
});
