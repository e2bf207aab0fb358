import { describeDeployment, describeEvent, actorOf, isAction } from './describe-event.js';

describe('describeEvent', () => {
  it.each([
    ['apps:created', { id: '1', name: 'shop' }, 'created the application shop'],
    ['apps:status', { id: '1', name: 'shop', status: 'running' }, 'shop is running'],
    ['deployments:failed', { appName: 'shop', reason: 'no answer' }, 'Deployment of shop failed: no answer'],
    [
      'database:row_updated',
      { table: 'orders', action: 'inserted', row: { values: { price: 12 } } },
      'inserted a row in orders: {"price":12}',
    ],
    ['system:metrics', { cpu: 0.256, memoryBytes: 2 ** 20, connections: 3 }, '26% CPU, 1 MiB of memory, 3 connections'],
    ['announcements', { message: 'hello', level: 'info' }, 'hello'],
    ['projects:created', { id: '7' }, '{"id":"7"}'],
  ])('describes %s %j as: %s', (channel, data, expected) => expect(describeEvent({ channel, data })).toBe(expected));

  it.each([
    ['announcements', 'a string', 'a string'],
    ['announcements', 12, '12'],
    ['announcements', null, 'null'],
    ['apps:created', [], 'created the application –'],
    ['apps:created', { name: { $ne: 1 } }, 'created the application {"$ne":1}'],
    ['toString', { message: 'm' }, 'm'],
  ])('shows unexpected data on %s unchanged: %j', (channel, data, expected) =>
    expect(describeEvent({ channel, data })).toBe(expected),
  );
});

it.each([
  ['started', 'started deploying shop'],
  ['building', 'is deploying shop: building'],
  ['deploying', 'is deploying shop: starting it'],
  ['completed', 'deployed shop'],
  ['failed', 'failed to deploy shop: no answer'],
  ['toString', 'deployment of shop: toString'],
])('describes a deployment that is %s as: %s', (status, expected) =>
  expect(describeDeployment({ status, appName: 'shop', reason: 'no answer' })).toBe(expected),
);

it('prefixes a user name to actions, but not to status changes', () => {
  const channels = ['apps:created', 'announcements', 'projects:created', 'apps:status', 'system:alerts'];
  expect(channels.map((channel) => isAction({ channel, data: {} }))).toEqual([true, true, true, false, false]);
});

it.each([
  [{ by: 'u1' }, 'u1'],
  [{ from: 'u2' }, 'u2'],
  [{ by: 7 }, null],
  [{}, null],
  ['text', null],
  [null, null],
])('actorOf %j is %j', (data, expected) => expect(actorOf({ data })).toBe(expected));
