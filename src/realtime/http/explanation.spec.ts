import type { ChannelExplanation } from '../channels/channel-policy.service.js';
import { explanationOf } from './explanation.js';

const OF_POLICY: ChannelExplanation = {
  channel: 'projects:42:updated',
  verdict: 'granted',
  registered: true,
  rule: { pattern: 'projects:{projectId}:*', access: { policy: 'ProjectPolicy' } },
  policy: { name: 'ProjectPolicy', outcome: 'allowed', reason: 'a member', groups: ['members'], fields: ['total'] },
  isOutsideLimit: false,
};
const ROLES: ChannelExplanation = {
  channel: 'billing:invoices',
  verdict: 'forbidden',
  registered: true,
  rule: { pattern: 'billing:invoices', access: { roles: ['billing', 'sales'] } },
  policy: null,
  isOutsideLimit: false,
};
const UNREGISTERED = 'The channel is not registered';

describe('explanationOf', () => {
  it.each<[string, ChannelExplanation, object]>([
    [
      'an allowing policy',
      OF_POLICY,
      {
        ...{ allowed: true, rule: 'projects:{projectId}:*', policy: 'ProjectPolicy', reason: 'a member' },
        ...{ groups: ['members'], fields: ['total'] },
      },
    ],
    [
      'a policy that failed',
      {
        ...OF_POLICY,
        verdict: 'forbidden',
        policy: {
          name: 'ProjectPolicy',
          outcome: 'timed_out',
          reason: 'it took more than 2000 ms',
          groups: [],
          fields: [],
        },
      },
      { allowed: false, policy: 'ProjectPolicy', reason: 'it took more than 2000 ms' },
    ],
    [
      'a policy that allows an unregistered channel',
      { ...OF_POLICY, verdict: 'unknown_channel', registered: false },
      { allowed: false, rule: null, policy: 'ProjectPolicy', reason: UNREGISTERED, groups: [], fields: [] },
    ],
    [
      'a policy that was not called for a user without a tenant',
      { ...OF_POLICY, verdict: 'forbidden', policy: null },
      { allowed: false, policy: null, reason: expect.stringContaining('has no tenant') },
    ],
    ['roles', ROLES, { allowed: false, reason: 'The channel is for the roles billing, sales and for administrators' }],
    ...(
      [
        ['public', 'The channel exists in each tenant and is open to every client with a tenant'],
        ['authenticated', 'The channel requires a token and, with tenants, a tenant'],
        ['admin', 'The channel is for administrators only'],
        [{ owner: 'userId' }, 'The channel is private to its owner and administrators'],
      ] as const
    ).map(([access, reason]): [string, ChannelExplanation, object] => [
      `the access ${JSON.stringify(access)}`,
      { ...ROLES, rule: { pattern: 'p', access } },
      { allowed: false, rule: 'p', reason },
    ]),
    [
      'a limit of the token',
      { ...ROLES, isOutsideLimit: true },
      { allowed: false, policy: null, reason: 'The token is limited to other channels' },
    ],
    ['a rule that allows', { ...ROLES, verdict: 'granted' }, { allowed: true, policy: null, reason: null }],
    [
      'a name that matches no rule',
      { ...ROLES, verdict: 'unknown_channel', registered: false, rule: null },
      { allowed: false, rule: null, reason: UNREGISTERED },
    ],
  ])('explains %s', (_what, explanation, expected) => expect(explanationOf(explanation)).toMatchObject(expected));
});
