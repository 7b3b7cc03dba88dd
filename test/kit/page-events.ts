/** A history of 250 events for the web page, newest first: troubles and their ends, a minute and a half apart. */

const kinds = [
  ['service_healthy', 'info', 'is healthy'],
  ['containers_not_running', 'error', 'exited (exit code 137)'],
  ['service_unhealthy', 'error', 'its health check fails'],
  ['disk_usage_high', 'warning', 'the root disk is 91 % full'],
  ['remediation_completed', 'info', 'restarted, healthy after 14 s'],
] as const;
const places = [
  ['vps', 'outline'],
  ['piha', 'homeassistant'],
  ['solaria', 'ollama'],
  ['chelsty-infra', 'zigbee2mqtt'],
] as const;

export const pageEvents = (nowMs: number): readonly Record<string, unknown>[] =>
  Array.from({ length: 250 }, (_, at) => {
    const [type, severity, message] = kinds[at % kinds.length] ?? kinds[0];
    const [node, service] = places[at % places.length] ?? places[0];
    return {
      id: `01890a5d-ac96-774b-bcce-${String(999_999 - at).padStart(12, '0')}`,
      ts: new Date(nowMs - at * 90_000).toISOString(),
      node,
      source: 'node-agent',
      lane: severity === 'info' ? 'info' : 'urgent',
      seq: 1000 - at,
      type,
      severity,
      service: type === 'disk_usage_high' ? null : service,
      correlation_id: null,
      message: `${service}: ${message}`,
      payload: { exit_code: 137 },
    };
  });
