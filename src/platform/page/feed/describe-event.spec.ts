import { describeEvent, actorOf, isAction } from './describe-event.js';

describe('about', () => {
  it.each([
    ['apps:created', { id: '1', name: 'shop' }, 'created the application shop'],
    ['apps:status', { id: '1', name: 'shop', status: 'running' }, 'shop is running'],
    ['deployments:failed', { appName: 'shop', reason: 'no answer' }, 'Deployment of shop failed: no answer'],
    [
      'database:row_updated',
      { table: 'orders', action: 'inserted', row: { values: { price: 12 } } },
      'inserted a row of orders: {"price":12}',
    ],
    [
      'system:metrics',
      { cpu: 0.256, memoryBytes: 2 ** 20, connections: 3 },
      '26 % of a processor, 1 MiB, 3 connections',
    ],
    ['announcements', { message: 'hello', level: 'info' }, 'hello'],
    ['projects:created', { id: '7' }, '{"id":"7"}'],
  ])('says of %s %j: %s', (channel, data, expected) => expect(describeEvent({ channel, data })).toBe(expected));

  it.each([
    ['announcements', 'a text', 'a text'],
    ['announcements', 12, '12'],
    ['announcements', null, 'null'],
    ['apps:created', [], 'created the application –'],
    ['apps:created', { name: { $ne: 1 } }, 'created the application {"$ne":1}'],
    ['toString', { message: 'm' }, 'm'],
  ])('shows what some service published on %s as it is: %j', (channel, data, expected) =>
    expect(describeEvent({ channel, data })).toBe(expected),
  );
});

it('puts a name before what somebody did, and not before what happened', () => {
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
