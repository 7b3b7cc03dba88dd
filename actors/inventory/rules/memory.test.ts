import { describe, expect, it } from 'vitest';
import { container, type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);
const file = 'services/web/docker-compose.yml';
/** The broker takes 64 MiB of it. */
const web = (lines: string, memory: string | undefined = '164', env = ''): Files => ({
  ...oneMachine('web:\n', memory === undefined ? {} : { memory }),
  ...service('web', { compose: `services:\n${container('web', lines)}`, env }),
});

describe('a node with a memory budget', () => {
  it('takes a sum that is just the budget, and not a byte more', async () => {
    expect(await found(web('mem_limit: 100m'))).toEqual([]);
    expect(await found(web('mem_limit: 104857601'))).toEqual(['memory-budget hosts/alpha/capabilities.yaml:3']);
  });

  it.each([
    ['no limit', 'init: true', 2],
    ['a limit of nothing, which is none', 'mem_limit: 0', 6],
    ['a limit that is no size', 'mem_limit: lots', 6],
    ['a limit elsewhere, which docker-compose 1.x leaves out', 'deploy: { resources: { limits: { memory: 100m } } }', 2],
  ])('names %s', async (_what, lines, line) => {
    expect(await found(web(lines))).toEqual([`memory-limit ${file}:${line}`]);
  });

  it('takes a limit from the override and from env.example', async () => {
    expect(await found({ ...web(''), 'hosts/alpha/runtime/web/docker-compose.override.yml': 'services:\n  web:\n    mem_limit: 100m\n' })).toEqual([]);
    expect(await found(web('mem_limit: $' + '{LIMIT}', '164', 'LIMIT=100m\n'))).toEqual([]);
  });

  it('wants the score of what must be killed last, of that only', async () => {
    const agent = (lines: string): Files => ({
      ...oneMachine('node-agent:\n', { memory: '3200' }),
      ...service('node-agent', { compose: `services:\n${container('node-agent', `mem_limit: 64m\n${lines}`)}` }),
    });
    expect(await found(agent('oom_score_adj: -900'))).toEqual([]);
    expect(await found(agent('oom_score_adj: -899'))).toEqual(['oom-score services/node-agent/docker-compose.yml:7']);
    expect(await found(agent(''))).toEqual(['oom-score services/node-agent/docker-compose.yml:2']);
  });
});

it('leaves a node without a budget alone', async () => {
  expect(await found({ ...oneMachine('web:\n'), ...service('web') })).toEqual([]);
});
