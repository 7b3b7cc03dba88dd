/**
 * The way from this machine to brokers: with `mqtts://`, the CA that HOMELAB_BROKER_CA names is trusted instead of those of the system, and
 * a certificate that is refused is said in words that help. Reads that file; fails with a UsageError.
 */
import { readFileSync } from 'node:fs';
import type { Transport } from '../bus/link.ts';
import type { Log } from '../bus/log.ts';
import { createMqttTransport } from '../bus/mqtt-link.ts';
import { withAdvice } from './broker-trust.ts';
import { type Settings, UsageError } from './settings.ts';

/** Tried in order. */
export function transportTo({ brokerCa }: Pick<Settings, 'brokerCa'>, urls: readonly string[], log: Log): Transport {
  const transport = createMqttTransport({ urls, log, ...(brokerCa === undefined ? {} : { tls: { ca: readCa(brokerCa) } }) });
  return {
    ...transport,
    connect: async (options, handlers) => {
      try {
        return await transport.connect(options, handlers);
      } catch (error) {
        throw withAdvice(error, brokerCa);
      }
    },
  };
}

function readCa(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (error) {
    throw new UsageError(`HOMELAB_BROKER_CA=${file}: expected a PEM file, ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new UsageError(`HOMELAB_BROKER_CA=${file}: expected a certificate in PEM, beginning with -----BEGIN CERTIFICATE-----`);
}
