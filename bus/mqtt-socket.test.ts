import { describe, expect, it } from 'vitest';
import { parseBrokerUrl } from './mqtt-socket.ts';

describe('a broker URL', () => {
  it('has the standard ports when it names none', () => {
    expect(parseBrokerUrl('mqtt://broker.example').port).toBe(1883);
    expect(parseBrokerUrl('mqtts://broker.example')).toMatchObject({ port: 8883, secure: true });
  });

  it('carries credentials, decoded, that its description does not show', () => {
    const address = parseBrokerUrl('mqtt://observer-vps:p%40ss%2Fword@192.0.2.7:1884');
    expect(address).toMatchObject({ username: 'observer-vps', password: 'p@ss/word', host: '192.0.2.7', port: 1884 });
    expect(address.description).toBe('mqtt://192.0.2.7:1884');
  });

  it('takes an IPv6 address', () => {
    expect(parseBrokerUrl('mqtt://[2001:db8::1]:1883')).toMatchObject({ host: '2001:db8::1', description: 'mqtt://[2001:db8::1]:1883' });
  });

  it.each(['broker.example:1883', 'http://broker.example', 'mqtt://', ''])('%j is refused with what was expected', (text) => {
    expect(() => parseBrokerUrl(text)).toThrow(/mqtt:\/\/|names a host/);
  });

  it('is never repeated with its credentials in an error', () => {
    expect(() => parseBrokerUrl('http://user:secret@broker.example')).toThrow(/^(?!.*secret)/);
  });
});
