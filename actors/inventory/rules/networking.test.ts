import { describe, expect, it } from 'vitest';
import { container, type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);
const override = 'hosts/alpha/runtime/web/docker-compose.override.yml';
const base = 'services/web/docker-compose.yml';

describe('host-network-ports', () => {
  const web = (lines: string, over?: string): Files => ({
    ...oneMachine('web:\n'),
    ...service('web', { compose: `services:\n${container('web', lines)}`, service: '  ports: [{ container: 80, host: 8080 }]\n' }),
    ...(over === undefined ? {} : { [override]: `services:\n  web:\n    ${over}\n` }),
  });

  it('sees both in one file', async () => {
    expect(await found(web('network_mode: host\nports: ["8080:80"]'))).toEqual([`host-network-ports ${base}:7`]);
  });

  it('sees them across base and override, and names the line that joins them', async () => {
    expect(await found(web('ports: ["8080:80"]', 'network_mode: host'))).toEqual([`host-network-ports ${override}:3`]);
    expect(await found(web('network_mode: host', 'ports: ["8080:80"]'))).toEqual([`host-network-ports ${override}:3`]);
  });

  it('knows that an empty list of an override takes nothing away', async () => {
    expect(await found(web('ports: ["8080:80"]', 'network_mode: host\n    ports: []'))).toEqual([`host-network-ports ${override}:3`]);
  });

  it('lets !reset take the ports away where docker-compose is newer', async () => {
    expect(await found(web('ports: ["8080:80"]', 'network_mode: host\n    ports: !reset []'))).toEqual([]);
  });
});

describe('zigbee2mqtt', () => {
  const good =
    `extra_hosts: ["mosquitto:host-gateway"]
environment:
  - ZIGBEE2MQTT_CONFIG_SERIAL_PORT=tcp://192.0.2.7:6638
  - ZIGBEE2MQTT_CONFIG_SERIAL_ADAPTER=ember
volumes: ["$` + `{DATA:-/opt/data}/z:/app/data"]`;
  const zigbee = (lines: string, more: Files = {}): Files => ({
    ...oneMachine('zigbee2mqtt:\n'),
    ...service('zigbee2mqtt', { compose: `services:\n${container('zigbee2mqtt', lines, 'koenkk/zigbee2mqtt:2.5.1')}`, env: 'DATA=\n' }),
    ...more,
  });
  const file = 'services/zigbee2mqtt/docker-compose.yml';

  it('is right with a list of variables too', async () => {
    expect(await found(zigbee(good))).toEqual([]);
  });

  it('takes the extra host in each of its forms', async () => {
    expect(await found(zigbee(good.replace('["mosquitto:host-gateway"]', '{ mosquitto: host-gateway }')))).toEqual([]);
    expect(await found(zigbee(good.replace('["mosquitto:host-gateway"]', '["mosquitto=host-gateway"]')))).toEqual([]);
  });

  it('names a missing volume, and a configuration that is mounted read-only into a writable one', async () => {
    expect(await found(zigbee(good.replace(':/app/data"]', ':/data"]')))).toEqual([`zigbee2mqtt-data ${file}:10`]);
    const both = good.replace(':/app/data"]', ':/app/data", "./c.yaml:/app/data/configuration.yaml:ro"]');
    expect(await found(zigbee(both))).toEqual([`zigbee2mqtt-data ${file}:10`]);
  });

  it('finds the coordinator in a configuration of the service', async () => {
    const bare = good.replace(/environment:[\s\S]*ember\n/, '');
    const configuration = (port: string, adapter: string): Files => ({
      'services/zigbee2mqtt/configuration.yaml': `mqtt:\n  server: x\nserial:\n  # the one in the hall\n  port: ${port}\n  adapter: ${adapter}\n`,
    });
    expect(await found(zigbee(bare, configuration('tcp://coordinator.lan:6638', 'ember')))).toEqual([]);
    expect(await found(zigbee(bare, configuration('tcp://coordinator.lan:6638', 'ezsp')))).toEqual([`zigbee2mqtt-coordinator ${file}:2`]);
    expect(await found(zigbee(bare))).toEqual([`zigbee2mqtt-coordinator ${file}:2`]);
  });

  it('finds a USB path wherever it is read from, once, and not in a comment', async () => {
    expect(await found(zigbee(`${good}\ndevices:\n  # not /dev/ttyACM0\n  - /dev/ttyACM0:/dev/ttyACM0`))).toEqual([`zigbee2mqtt-usb ${file}:13`]);
    expect(await found(zigbee(good.replace('tcp://192.0.2.7:6638', '/dev/serial/by-id/usb-x')))).toEqual([`zigbee2mqtt-usb ${file}:8`]);
  });
});
