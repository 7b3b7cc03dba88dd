/** How a person learns that the only broker is dead, while it is (docs/guide.md, "When the broker itself is dead"); what its agent logs is tested beside the agent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { capturedOutput } from '../test/kit/captured-output.ts';
import { freePort } from '../test/kit/mosquitto.ts';
import { alive } from './commands/alive.ts';
import { status } from './commands/status.ts';
import { checkBroker } from './doctor/broker.ts';
import { brokerPorts } from './doctor/ports.ts';
import { readSettings } from './settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'homelab-dead-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('while the only broker is dead', () => {
  it.each([
    ['status', status],
    ['alive, by which a container is unhealthy', alive],
  ])('homelab %s says so, and ends with 3', async (_, command) => {
    const port = await freePort();
    const settings = readSettings({ HOMELAB_BROKER_URL: `mqtt://127.0.0.1:${port}`, HOMELAB_ROOT: directory });
    const out = capturedOutput();
    await expect(command(settings, out)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(`cannot reach the broker at mqtt://127.0.0.1:${port}`),
    });
    expect(out.text).toBe('');
  });

  it('homelab doctor names the step that fails', async () => {
    const port = await freePort();
    const shown = `mqtt://127.0.0.1:${port}`;
    const asked = { url: shown, host: '127.0.0.1', port, shown, login: 'anna', password: undefined, topicRoot: 'homelab', isDefault: false };
    const findings = await checkBroker(brokerPorts, asked);
    expect(findings.map(({ name, level }) => `${name}: ${level}`)).toEqual(['broker name: ok', 'broker connection: error']);
  });
});
