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
  it.each(TENANTS)('of the tenant %j contain the tenant and the channel', (tenant) => {
    expect(tenantProblem(tenant)).toBeNull();
    for (const channel of CHANNELS) {
      const topic = topicOf(tenant, channel);
      expect([tenantOf(topic), channelOf(topic)]).toEqual([tenant, channel]);
    }
  });

  it('without a tenant are the names of channels', () => {
    for (const channel of CHANNELS) {
      expect(topicOf(null, channel)).toBe(channel);
      expect([tenantOf(channel), channelOf(channel)]).toEqual([null, channel]);
    }
  });

  it('are distinct, and a client cannot name the topic of a tenant', () => {
    const topics = [null, ...TENANTS].flatMap((tenant) => CHANNELS.map((channel) => topicOf(tenant, channel)));
    expect(new Set(topics).size).toBe(topics.length);
    for (const topic of topics.slice(CHANNELS.length)) expect(channelNameProblem(topic)).not.toBeNull();
  });

  it('contain no character of a tenant that is special in a key of Redis, a pattern, or a topic', () => {
    for (const tenant of TENANTS) expect(topicOf(tenant, 'x')).toMatch(/^[\w.%-]+\/x$/);
  });

  it.each([
    ['', 'must be a non-empty string'],
    [undefined, 'must be a non-empty string'],
    [5, 'must be a non-empty string'],
    ['\ud800', 'well-formed'],
    ['x'.repeat(MAX_TENANT_BYTES + 1), 'at most 200 bytes'],
    ['ü'.repeat(34), 'at most 200 bytes'],
  ])('reject the tenant %j', (tenant, problem) => {
    expect(tenantProblem(tenant)).toContain(problem);
  });

  it('accept a tenant of the maximum length', () => {
    expect(tenantProblem('x'.repeat(MAX_TENANT_BYTES))).toBeNull();
  });
});

describe('userKeyOf', () => {
  it('gives each user a distinct key, for any user id', () => {
    const users = [null, ...TENANTS].flatMap((tenant) =>
      ['u1', 'acme/u1', '/u1', '', 'a%2Fb/u1'].map((userId) => userKeyOf(tenant, userId)),
    );
    expect(new Set(users).size).toBe(users.length);
  });
});
