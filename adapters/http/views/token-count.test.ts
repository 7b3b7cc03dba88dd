import { describe, expect, it } from 'vitest';
import { tokensOf } from './token-count.ts';

/** How many tokens o200k_base has for each, counted with gpt-tokenizer 3.4. */
const counted: readonly (readonly [number, string])[] = [
  [22, 'web on vps is down: its container exited with code 137, and its health check says connection refused'],
  [
    73,
    '- inc-0195f3c2a1b4: error, down of service-41 on node-1: crashed (containers_not_running; since 2026-03-01T11:00:00.000Z, last 2026-03-01T11:00:00.000Z, seen 1 times)',
  ],
  [46, 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  [52, 'q1uGxS3Xb0pYJrWm5nKzTtL8vHdEfCiRoAaZ2y7PjwUgNk4sVhQ6BcM9IeDxOlF1'],
  [23, 'JDKQWPZXMVTRBNHGLCYSAEOUFIKJQXZ WVTPKLMR'],
  [18, 'xqzvkjwhbtrnmplgdfscyaeiouqk'],
  [23, '{"a":[1,2,{"b":null}],"c":"!@#$%^&*()"}'],
  [14, 'Der Dienst läuft nicht mehr, weil die Überprüfung fehlgeschlagen ist'],
  [4, 'служба не отвечает'],
  [3, '服务停止运行'],
  [5, '🔥💥🚨'],
  [21, 'ᚠᛇᚻ᛫ᛒᛦᚦ'],
  [28, 'java.lang.NullPointerException: org.springframework.boot.web.embedded.tomcat.TomcatStarter.onStartup(TomcatStarter.java:61)'],
];

describe('the number of tokens', () => {
  it.each(counted)('is at least %i for %j', (tokens, text) => {
    expect(tokensOf(text)).toBeGreaterThanOrEqual(tokens);
  });

  it('is not much above that for what the text for an AI mostly says', () => {
    for (const [tokens, text] of counted.slice(0, 2)) expect(tokensOf(text)).toBeLessThanOrEqual(tokens * 1.25);
  });
});
