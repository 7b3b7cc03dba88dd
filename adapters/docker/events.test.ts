import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineSeconds, eventNanos, hintOf, LineSplitter } from './events.ts';

const line = (Action: string, Attributes: Record<string, string> = {}, rest = ''): string =>
  `{"Type":"container","Action":"${Action}","Actor":{"ID":"abc","Attributes":${JSON.stringify(Attributes)}},"time":1772366400,"timeNano":1772366400123456789${rest}}`;

describe('the event stream', () => {
  it('gives the signal of a kill and the exit code of a death', () => {
    expect(hintOf(line('kill', { signal: '15' }))).toEqual({ id: 'abc', action: 'kill', atMs: 1772366400123, signal: 15, exitCode: null });
    expect(hintOf(line('die', { exitCode: '137' }))).toMatchObject({ action: 'die', signal: null, exitCode: 137 });
    expect(hintOf(line('kill', { signal: 'SIGKILL' }))).toMatchObject({ signal: 9 });
    expect(hintOf(line('kill', { signal: 'soon' }))).toMatchObject({ signal: null });
  });

  it('does not take labels called signal and exitCode for what the engine says', () => {
    expect(hintOf(line('start', { signal: '9', exitCode: '1' }))).toMatchObject({ signal: null, exitCode: null });
  });

  it('keeps timeNano exact, which JSON.parse rounds', () => {
    expect(eventNanos(line('start'))).toBe(1772366400123456789n);
    expect(BigInt((JSON.parse(line('start')) as { timeNano: number }).timeNano)).not.toBe(1772366400123456789n);
  });

  it('does not take a label for timeNano', () => {
    const label = { timeNano: '1', x: '"timeNano":2' };
    expect(eventNanos(line('start', label))).toBe(1772366400123456789n);
  });

  it.each([
    ['a health probe', line('exec_create: /bin/sh -c true')],
    ['a network', line('connect').replace('container', 'network')],
    ['no JSON', '{"Type":'],
    ['JSON that is no event', 'null'],
    ['no actor', '{"Type":"container","Action":"die","timeNano":1}'],
    ['no time', line('die').replace(/"timeNano":\d+/, '"x":1')],
    ['an empty line', ''],
  ])('has no hint for %s', (_, text) => {
    expect(hintOf(text)).toBeNull();
  });

  it('keeps health changes whole', () => {
    expect(hintOf(line('health_status: unhealthy'))?.action).toBe('health_status: unhealthy');
  });

  it('gives the same lines however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string().map((text) => text.replaceAll('\n', ''))), fc.array(fc.nat(40)), (lines, cuts) => {
        const splitter = new LineSplitter();
        let text = lines.map((each) => `${each}\n`).join('');
        const out: string[] = [];
        for (const cut of cuts) {
          out.push(...splitter.push(text.slice(0, cut)));
          text = text.slice(cut);
        }
        out.push(...splitter.push(text));
        expect(out).toEqual(lines);
      }),
    );
  });

  it('gives up on a line that does not end', () => {
    const splitter = new LineSplitter();
    const megabyte = 'x'.repeat(1024 * 1024);
    expect(() => {
      for (let i = 0; i < 10; i += 1) splitter.push(megabyte);
    }).toThrow('an event of more than');
  });

  it('writes times as the engine wants them', () => {
    expect(engineSeconds(1772366400007)).toBe('1772366400.007000000');
  });
});
