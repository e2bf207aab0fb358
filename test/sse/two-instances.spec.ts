import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { LinkedCluster, type LinkedBroker } from '../support/linked-cluster.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { WsClient } from '../support/ws-client.js';
import { askOverHttp1, StreamSocket, textOf, type StreamOptions } from './support/stream-socket.js';

describe('streams of two instances', () => {
  let here: RealtimeApp;
  let there: RealtimeApp;
  let brokerHere: LinkedBroker;
  const token = signToken({ sub: 'ann' });

  beforeAll(async () => {
    const cluster = new LinkedCluster();
    here = await RealtimeApp.start({ backend: cluster.join((broker) => (brokerHere = broker)) });
    there = await RealtimeApp.start({ backend: cluster.join() });
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });

  const open = async (app: RealtimeApp, options: StreamOptions = {}): Promise<WsClient<StreamSocket>> => {
    const client = new WsClient(await StreamSocket.open(app.http, { token, ...options }));
    await client.next('connected');
    return client;
  };
  const post = async (app: RealtimeApp, id: string, sender = token): Promise<number> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${sender}` };
    const answer = await askOverHttp1(app.http, `/realtime/stream/${id}/frames`, headers, '{"type":"ping","ref":"p"}');
    await textOf(answer);
    return answer.status;
  };

  it('take frames on any instance, in order', async () => {
    const client = await open(here, { framesTo: there.http });
    for (const ref of ['1', '2', '3']) client.send({ type: 'ping', ref });
    for (const ref of ['1', '2', '3']) expect(await client.next('pong')).toMatchObject({ ref });
    await until(() => client.socket.statuses.length === 3);
    expect(client.socket.statuses).toEqual([202, 202, 202]);
    await client.close();
  });

  it('resume on another instance, by the header or by the query', async () => {
    const first = await open(here, { channels: 'apps:created,users:updated' });
    await here.events.emit('apps:created', { id: '1', name: 'one' });
    await first.next('event');
    await first.fence();
    const { lastEventId } = first.socket.reader;
    await first.close();
    const { id } = await there.events.emit('apps:created', { id: '2', name: 'two' });
    const channels = 'apps:created,users:updated';
    for (const again of [{ headers: { 'last-event-id': lastEventId } }, { query: { cursor: lastEventId } }]) {
      const second = await open(there, { channels, ...again });
      expect(await second.next('subscribed')).toMatchObject({ channel: 'apps:created', recovered: true });
      expect(await second.next('subscribed')).toMatchObject({ channel: 'users:updated', recovered: true });
      expect(await second.next('event')).toMatchObject({ id, data: { id: '2' } });
      await second.close();
    }
  });

  it('are unknown to other users, and once they have ended', async () => {
    const client = await open(here);
    const { connectionId } = client.socket;
    for (const app of [here, there]) {
      expect(await post(app, connectionId)).toBe(202);
      expect(await post(app, connectionId, signToken({ sub: 'bob' }))).toBe(404);
      expect(await post(app, connectionId, signToken({ sub: 'ann', realtime_channels: ['apps:*'] }))).toBe(404);
    }
    const gone = here.endOf(here.registry.get(connectionId)!);
    await client.close();
    await gone;
    for (const app of [here, there]) expect(await post(app, connectionId)).toBe(404);
    expect(await post(there, 'no-stream')).toBe(404);
    expect(await post(there, '00000000-0000-4000-8000-000000000000')).toBe(404);
  });

  it('answer 503 if the other instance does not', async () => {
    const client = await open(there, { framesTo: here.http });
    brokerHere.cutOff();
    expect(await post(here, client.socket.connectionId)).toBe(503);
    await brokerHere.rejoin();
    await client.close();
  });
});
