import { expect, it } from 'vitest';
import { GroupCommit } from './broker-group-commit.ts';

/** A disk on which each group is finished by hand. */
function disk() {
  const groups: { readonly keys: readonly string[]; readonly end: (error?: Error) => void }[] = [];
  const writes = new GroupCommit(
    (group) =>
      new Promise((resolve, reject) => {
        groups.push({ keys: group.map(({ type, key }) => `${type} ${key}`), end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
  );
  return { writes, groups };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const x = Buffer.from('x');

it('writes what comes in one turn together, and what comes meanwhile next, in order', async () => {
  const { writes, groups } = disk();
  const settled: string[] = [];
  const note = (name: string) => () => settled.push(name);
  void writes.put('a', x).then(note('a'));
  void writes.del('b').then(note('b'));
  await turn();
  for (const key of ['c', 'a', 'd']) void writes.put(key, x).then(note(`${key} later`));
  await turn();
  expect(groups.map(({ keys }) => keys)).toEqual([['put a', 'del b']]);
  expect(settled).toEqual([]);
  groups[0]?.end();
  await turn();
  expect(settled).toEqual(['a', 'b']);
  expect(groups[1]?.keys).toEqual(['put c', 'put a', 'put d']);
  groups[1]?.end();
  await turn();
  expect(settled).toEqual(['a', 'b', 'c later', 'a later', 'd later']);
});

it('tells a failure to its own group only', async () => {
  const { writes, groups } = disk();
  const first = writes.put('a', x);
  await turn();
  const second = writes.put('b', x);
  groups[0]?.end(new Error('disk full'));
  await expect(first).rejects.toThrow('disk full');
  groups[1]?.end();
  await second;
});

it('never makes a group larger than its limit, unless one write is', async () => {
  const { writes, groups } = disk();
  const large = Buffer.alloc(600_000);
  const all = ['a', 'b', 'c'].map((key) => writes.put(key, large)).concat(writes.put('huge', Buffer.alloc(2_000_000)), writes.put('small', x));
  for (let at = 0; at < 5; at += 1) {
    await turn();
    groups[at]?.end();
  }
  await Promise.all(all);
  expect(groups.map(({ keys }) => keys)).toEqual([['put a'], ['put b'], ['put c'], ['put huge'], ['put small']]);
});
