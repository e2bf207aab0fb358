import { channelNameProblem } from '../../protocol/index.js';
import { channelOf, MAX_TENANT_BYTES, tenantOf, tenantProblem, topicOf, userKeyOf } from './topic.js';

const TENANTS = [
  'acme',
  'a',
  '%',
  'a/b',
  'a%2Fb',
  '../..',
  '{x}',
  '*',
  '$ctl',
  'ü',
  'a b',
  "!~*'()",
  '💥',
  'user:u1',
  '\n',
];
const CHANNELS = ['announcements', 'apps:created', 'user:a%2Fb', '$ctl', '@:-'];

describe('topics', () => {
  it.each(TENANTS)('of the tenant %j lead back to it and to the channel', (tenant) => {
    expect(tenantProblem(tenant)).toBeNull();
    for (const channel of CHANNELS) {
      const topic = topicOf(tenant, channel);
      expect([tenantOf(topic), channelOf(topic)]).toEqual([tenant, channel]);
    }
  });

  it('of no tenant are the names of channels', () => {
    for (const channel of CHANNELS) {
      expect(topicOf(null, channel)).toBe(channel);
      expect([tenantOf(channel), channelOf(channel)]).toEqual([null, channel]);
    }
  });

  it('are all different, and no name that a client can send is one of a tenant', () => {
    const topics = [null, ...TENANTS].flatMap((tenant) => CHANNELS.map((channel) => topicOf(tenant, channel)));
    expect(new Set(topics).size).toBe(topics.length);
    for (const topic of topics.slice(CHANNELS.length)) expect(channelNameProblem(topic)).not.toBeNull();
  });

  it('hold nothing of a tenant that has a meaning in a key of Redis, a pattern, or a topic', () => {
    for (const tenant of TENANTS) expect(topicOf(tenant, 'x')).toMatch(/^[\w.%-]+\/x$/);
  });

  it.each([
    ['', 'must be a non-empty string'],
    [undefined, 'must be a non-empty string'],
    [5, 'must be a non-empty string'],
    ['\ud800', 'well-formed'],
    ['x'.repeat(MAX_TENANT_BYTES + 1), 'at most 200 bytes'],
    ['ü'.repeat(34), 'at most 200 bytes'],
  ])('refuse the tenant %j', (tenant, problem) => {
    expect(tenantProblem(tenant)).toContain(problem);
  });

  it('take a tenant as long as it may be', () => {
    expect(tenantProblem('x'.repeat(MAX_TENANT_BYTES))).toBeNull();
  });
});

describe('userKeyOf', () => {
  it('gives no two users the same, whatever they are called', () => {
    const users = [null, ...TENANTS].flatMap((tenant) =>
      ['u1', 'acme/u1', '/u1', '', 'a%2Fb/u1'].map((userId) => userKeyOf(tenant, userId)),
    );
    expect(new Set(users).size).toBe(users.length);
  });
});
