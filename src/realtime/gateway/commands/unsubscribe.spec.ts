import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { RequestBudget } from '../../timing/request-budget.js';

describe('unsubscribe', () => {
  let gateway: OfflineGateway;
  let client: OfflineClient;

  beforeAll(async () => {
    const names = [...Array.from({ length: 40 }, (_, index) => `room:${index + 10}`), 'roommate'];
    gateway = await OfflineGateway.start({
      channels: names.map((name) => ({ name, access: 'public', history: false })),
    });
  });
  beforeEach(async () => {
    client = gateway.connect();
    client.received();
    await client.ask({ type: 'subscribe', channels: ['room:10', 'room:11', 'room:12', 'roommate'] }, 4);
  });
  afterEach(() => gateway.gateway.handleDisconnect(client.connection));
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const unsubscribe = (answers: number, ...channels: string[]): Promise<Record<string, unknown>[]> =>
    client.ask({ type: 'unsubscribe', channels, ref: 'r' }, answers);
  const subscribed = (): string[] => [...client.connection.subscriptions.keys()];

  it('answers each channel, and ends its subscription', async () => {
    expect(await unsubscribe(3, 'room:11', 'room:99', 'room:10')).toMatchObject([
      { type: 'unsubscribed', channel: 'room:11', ref: 'r' },
      { type: 'error', code: 'not_subscribed', channel: 'room:99', ref: 'r' },
      { type: 'unsubscribed', channel: 'room:10', ref: 'r' },
    ]);
    expect(subscribed()).toEqual(['room:12', 'roommate']);
    expect(gateway.app.get(ConnectionRegistry).subscribersOf('room:11').size).toBe(0);
  });

  it('ends all subscriptions below a wildcard, and only these', async () => {
    const charge = jest.spyOn(gateway.app.get(RequestBudget), 'chargeUnconditionally');
    const answers = await unsubscribe(3, 'room:*');
    const costs = charge.mock.calls.map(([, cost]) => cost);
    charge.mockRestore();
    expect(answers.map(({ channel }) => channel)).toEqual(['room:10', 'room:11', 'room:12']);
    expect([subscribed(), costs]).toEqual([['roommate'], expect.arrayContaining([512])]);
    expect(await unsubscribe(1, 'room:*')).toMatchObject([{ code: 'not_subscribed', channel: 'room:*', ref: 'r' }]);
  });

  it('lets other connections be served during a long request, and stops if this one closes', async () => {
    const all = Array.from({ length: 40 }, (_, index) => `room:${index + 10}`);
    await client.ask({ type: 'subscribe', channels: all }, 40);
    client.received();
    client.send({ type: 'unsubscribe', channels: ['room:*'] });
    expect(client.received()).toHaveLength(31);
    client.connection.close();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect([client.received(), subscribed().length]).toEqual([[], 10]);
  });
});
