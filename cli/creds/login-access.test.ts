import { describe, expect, it } from 'vitest';
import { topicMatches } from '../../bus/broker-topic-filter.ts';
import { accessByDocuments, type Placed } from './login-access.ts';

const hub = (node: string): Placed => ({ node, site: 'hub', access: null });
const cabin = (node: string): Placed => ({ node, site: 'cabin', access: null });

function mayWrite(login: string, topic: string, placed: readonly Placed[], former: readonly string[] = []): boolean {
  const access = accessByDocuments(login, { node: 'lab', site: 'hub', topicRoot: 'homelab', logins: [login], placed, former });
  return access?.writes.some((filter) => topicMatches(filter, `homelab/${topic}`)) === true;
}

describe('by the desired documents', () => {
  it.each(['observer-lab', 'ledger-lab'])('%s may take back what it said of a node that nobody declares any more', (login) => {
    const topic = login === 'observer-lab' ? 'world/incidents/lustro/inc-1' : 'world/actions/lustro/restart-1';
    // The only site, also after a restart of the broker.
    expect(mayWrite(login, topic, [hub('lab')])).toBe(true);
    // Beside another site: the nodes that this one had.
    expect(mayWrite(login, topic, [hub('lab'), cabin('shed')], ['lustro'])).toBe(true);
    expect(mayWrite(login, topic, [hub('lab'), cabin('shed')])).toBe(false);
    // It has moved there.
    expect(mayWrite(login, topic, [hub('lab'), cabin('lustro')], ['lustro'])).toBe(false);
  });

  it('nobody else gets more by that', () => {
    expect(mayWrite('node-agent-lab', 'health/lustro', [hub('lab')], ['lustro'])).toBe(false);
    expect(mayWrite('executor-lab', 'world/nodes/lustro', [hub('lab')], ['lustro'])).toBe(false);
    expect(mayWrite('observer-lab', 'health/lab', [hub('lab')], ['lustro'])).toBe(false);
  });
});
