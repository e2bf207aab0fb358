import { Injectable } from '@nestjs/common';
import { OfflineGateway, type OfflineClient } from '../../../test/support/offline-gateway.js';
import { until } from '../../../test/support/until.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { OnRealtime, type RealtimeHook } from './on-realtime.js';

/** Creates an application whose hooks of these events record their calls. */
async function start(...events: RealtimeHook[]) {
  const calls: [event: string, payload: object][] = [];
  @Injectable()
  class Recorder {}
  for (const event of events) {
    const value = (payload: object): void => void calls.push([event, payload]);
    Object.defineProperty(Recorder.prototype, event, { value });
    OnRealtime(event as 'connected')(Recorder.prototype, event, { value });
  }
  const channels = [{ name: 'room', access: 'public' as const }];
  const gateway = await OfflineGateway.start({ channels }, [Recorder]);
  const end = ({ connection }: OfflineClient): void =>
    gateway.app.get(RealtimeServer).connections.end(connection, 1_001);
  return { gateway, calls, end };
}

describe('the hooks about clients', () => {
  it('are called for a connection and its subscriptions, in order', async () => {
    const { gateway, calls, end } = await start('connected', 'subscribed', 'unsubscribed', 'disconnected');
    try {
      const client = gateway.enter(await gateway.principalOf({ sub: 'hans' }));
      const subscribe = { type: 'subscribe', channel: 'room' };
      await client.ask(subscribe, 2);
      await client.ask({ type: 'unsubscribe', channel: 'room' });
      await client.ask(subscribe);
      end(client);
      await until(() => calls.length === 6);
      const about = {
        connectionId: client.connection.id,
        user: expect.objectContaining({ userId: 'hans' }),
        tenant: null,
      };
      const ofRoom = { ...about, channel: 'room' };
      expect(calls).toEqual([
        ['connected', about],
        ['subscribed', ofRoom],
        ['unsubscribed', { ...ofRoom, disconnected: false }],
        ['subscribed', ofRoom],
        ['unsubscribed', { ...ofRoom, disconnected: true }],
        ['disconnected', { ...about, code: 1_001 }],
      ]);
    } finally {
      await gateway.close();
    }
  });

  it('have no user for a client without a token', async () => {
    const { gateway, calls, end } = await start('connected', 'disconnected');
    try {
      const client = gateway.enter();
      end(client);
      await until(() => calls.length === 2);
      expect(calls.map(([event, payload]) => ({ event, ...payload }))).toMatchObject([
        { event: 'connected', user: null, tenant: null },
        { event: 'disconnected', user: null },
      ]);
    } finally {
      await gateway.close();
    }
  });
});
