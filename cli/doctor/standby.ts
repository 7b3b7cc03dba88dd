/** Whether the standby of the bridge serves everybody whom the site's own broker serves. Reads the settings only: it is closed while that one is there. */
import type { Settings } from '../settings.ts';
import { standbyDoubt } from '../standby-listeners.ts';
import { type Finding, findingsOf } from './finding.ts';

const say = findingsOf('standby');

/** Nothing to say where there is none. `siteUrl`: of the site's own broker. */
export function checkStandby(settings: Pick<Settings, 'standbyPort' | 'standbyTlsPort' | 'brokerListen'>, siteUrl: string): readonly Finding[] {
  const { standbyPort, standbyTlsPort, brokerListen } = settings;
  if (standbyPort === null) return [];
  const doubt = standbyDoubt(settings, siteUrl);
  if (doubt !== null)
    return [
      say.warning(
        doubt,
        'while the broker is away the other machines of the site reach nobody',
        "export HOMELAB_BROKER_TLS_CERT=server.pem HOMELAB_BROKER_TLS_KEY=server-key.pem   # those of the site's broker, for the bridge; then mqtts://<host>:8884 second",
      ),
    ];
  const secured = brokerListen.tlsCert === undefined ? '' : `, with TLS on ${standbyTlsPort}`;
  return [say.ok(`opens on port ${standbyPort}${secured} while the site's broker is away`, 'who names it second in HOMELAB_BROKER_URL goes on then')];
}
