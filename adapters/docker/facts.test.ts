import { describe, expect, it } from 'vitest';
import { containerFacts, engineTime, rowFacts } from './facts.ts';

const id = 'abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789';
const answer = (state: Record<string, unknown>, rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  Id: id,
  Name: '/web',
  RestartCount: 3,
  State: { Status: 'running', ExitCode: 0, StartedAt: '2026-03-01T12:00:00.123456789Z', FinishedAt: '0001-01-01T00:00:00Z', ...state },
  Config: { Image: 'nginx:1', Labels: { 'com.docker.compose.service': 'web' } },
  HostConfig: { RestartPolicy: { Name: 'always' } },
  ...rest,
});

describe('what the engine says of a container', () => {
  it('becomes facts', () => {
    expect(containerFacts(answer({}))).toEqual({
      id,
      name: 'web',
      labels: { 'com.docker.compose.service': 'web' },
      status: 'running',
      image: 'nginx:1',
      exitCode: null,
      error: '',
      oomKilled: false,
      startedAt: '2026-03-01T12:00:00.123Z',
      finishedAt: null,
      health: 'none',
      healthLog: null,
      restartCount: 3,
      restartPolicy: 'always',
    });
  });

  it('says restarting although Running is true while the restart policy waits', () => {
    expect(containerFacts(answer({ Status: 'restarting', Running: true, Restarting: true, ExitCode: 7 }))).toMatchObject({ status: 'restarting', exitCode: 7 });
  });

  it('says the code and the error of a start that was refused', () => {
    const facts = containerFacts(answer({ Status: 'created', ExitCode: 127, Error: 'exec: "nope": not found', StartedAt: '0001-01-01T00:00:00Z' }));
    expect(facts).toMatchObject({ status: 'created', exitCode: 127, error: 'exec: "nope": not found', startedAt: null });
    expect(containerFacts(answer({ Status: 'created' })).exitCode).toBeNull();
  });

  it('keeps the end of a long probe output, without blanks and secrets', () => {
    const Log = [{ Output: 'older' }, { Output: `${'x'.repeat(500)} cannot log in with hunter22\n\n` }];
    const Config = { Image: 'x', Env: ['DB_PASSWORD=hunter22'] };
    const { health, healthLog } = containerFacts(answer({ Health: { Status: 'unhealthy', Log } }, { Config }));
    expect(health).toBe('unhealthy');
    expect(healthLog).toMatch(/^…x+ cannot log in with \*\*\*$/);
    expect(healthLog).toHaveLength(300);
  });

  it.each([
    ['a probe that said nothing', { Status: 'healthy', Log: [{ Output: ' \n' }] }, 'healthy'],
    ['no probe yet', { Status: 'starting', Log: null }, 'starting'],
    ['a check switched off', { Status: 'none' }, 'none'],
  ])('has no probe output with %s', (_, Health, health) => {
    expect(containerFacts(answer({ Health }))).toMatchObject({ health, healthLog: null });
  });

  it('never cuts a character of the probe output in two', () => {
    const { healthLog } = containerFacts(answer({ Health: { Status: 'unhealthy', Log: [{ Output: `${'😀'.repeat(200)}x` }] } }));
    expect(healthLog).toMatch(/^…😀/u);
    expect(Buffer.from(healthLog ?? '').toString()).toBe(healthLog);
  });

  it('does without what old engines leave out', () => {
    expect(containerFacts({ Id: id, Name: '/x', State: { Status: 'exited' }, Config: {} })).toMatchObject({
      labels: {},
      restartPolicy: 'no',
      exitCode: 0,
      startedAt: null,
    });
  });

  it('is refused with the name of the field when it is no such answer', () => {
    expect(() => containerFacts({ Id: id, Name: '/x', Config: {} })).toThrow(/State/);
    expect(() => containerFacts(Buffer.from('<html>'))).toThrow(/Id/);
  });

  it.each([
    ['2026-03-01T12:00:00.123456789Z', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T13:00:00.5+01:00', '2026-03-01T12:00:00.500Z'],
    ['0001-01-01T00:00:00Z', null],
    ['', null],
  ])('reads the time %j as %j', (text, iso) => {
    expect(engineTime(text)).toBe(iso);
  });

  it('takes a container that cannot be inspected from the list', () => {
    const row = { Id: id, Names: ['/other/alias', '/web'], Image: 'nginx', State: 'dead', Labels: null } as unknown as Parameters<typeof rowFacts>[0];
    expect(rowFacts(row)).toMatchObject({ name: 'web', status: 'dead', labels: {} });
    expect(rowFacts({ ...row, Names: [] }).name).toBe(id.slice(0, 12));
  });
});
