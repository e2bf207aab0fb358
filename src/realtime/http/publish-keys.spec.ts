import { channelProblem, operationProblem, tenantScopeProblem, type PublishKey } from './publish-keys.js';

const UNLIMITED: PublishKey = { name: 'all', channels: null, tenants: null, operations: ['publish', 'batch'] };
const keyOf = (scope: Partial<PublishKey>): PublishKey => ({ ...UNLIMITED, name: 'shop', ...scope });

describe('the scope of a publishing key', () => {
  it('allows everything without limits', () => {
    expect(operationProblem(UNLIMITED, 'batch')).toBeNull();
    expect(channelProblem(UNLIMITED, 'apps:created')).toBeNull();
    expect(tenantScopeProblem(UNLIMITED, undefined, true)).toBeNull();
  });

  it('limits single events and lists', () => {
    const single = keyOf({ operations: ['publish'] });
    expect(operationProblem(single, 'publish')).toBeNull();
    expect(operationProblem(single, 'batch')).toBe(
      'The key shop is limited to the operations publish: it cannot publish a list of events',
    );
    expect(operationProblem(keyOf({ operations: ['batch'] }), 'publish')).toContain('it cannot publish a single event');
  });

  it('limits channels by name and pattern', () => {
    const key = keyOf({ channels: ['apps:created', 'tasks:*'] });
    for (const channel of ['apps:created', 'tasks:7']) expect(channelProblem(key, channel)).toBeNull();
    expect(channelProblem(key, 'apps:deleted')).toBe(
      'The key shop is limited to the channels apps:created, tasks:*: it cannot publish to "apps:deleted"',
    );
  });

  it('names at most ten channels', () => {
    const channels = Array.from({ length: 12 }, (_, index) => `c:${index}`);
    expect(channelProblem(keyOf({ channels }), 'x:1')).toContain('c:9 and 2 more: ');
    expect(channelProblem(keyOf({ channels: channels.slice(0, 10) }), 'x:1')).toContain('c:9: ');
  });

  it('limits tenants: the only one is implied, and no event reaches all', () => {
    const one = keyOf({ tenants: ['acme'] });
    const two = keyOf({ tenants: ['acme', 'globex'] });
    expect([tenantScopeProblem(one, undefined, false), tenantScopeProblem(two, 'globex', false)]).toEqual([null, null]);
    const limited = 'The key shop is limited to the tenants acme, globex: ';
    expect(tenantScopeProblem(two, undefined, false)).toBe(`${limited}name one of them as tenant`);
    expect(tenantScopeProblem(two, 'initech', false)).toBe(`${limited}it cannot publish for "initech"`);
    expect(tenantScopeProblem(two, 'acme', true)).toBe(`${limited}it cannot publish to a channel of all tenants`);
  });
});
