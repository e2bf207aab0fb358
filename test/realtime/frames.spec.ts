import type { ServerFrame } from '../../src/protocol/index.js';
import { signToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, EVENT_ID, stamped } from './support/shapes.js';

const AN_ID = expect.stringMatching(EVENT_ID) as unknown;

describe('the frames of a client', () => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    client = await app.connectAs();
  });
  afterEach(async () => {
    await client.close();
  });

  async function answerTo(frame: object): Promise<ServerFrame> {
    client.send(frame);
    return client.next();
  }

  describe('ref', () => {
    it.each<[object, string]>([
      [{ type: 'ping' }, 'pong'],
      [{ type: 'list_channels' }, 'channels'],
      [{ type: 'subscribe', channel: 'apps:created' }, 'subscribed'],
      [{ type: 'subscribe', channel: 'nobody:knows' }, 'error'],
      [{ type: 'unsubscribe', channel: 'apps:updated' }, 'error'],
      [{ type: 'auth', token: signToken() }, 'authenticated'],
      [{ type: 'auth', token: 'rubbish' }, 'error'],
      [{ type: 'stats' }, 'error'],
      [{ type: 'presence', channel: 'apps:created' }, 'error'],
      [{ type: 'rubbish' }, 'error'],
      [{ type: 'subscribe' }, 'error'],
      [{ channel: 'no type' }, 'error'],
    ])('of %j is returned in %s', async (frame, type) => {
      expect(await answerTo({ ...frame, ref: 'r-1' })).toMatchObject({ type, ref: 'r-1' });
    });

    it('is in every reply to a request for several channels', async () => {
      client.send({ type: 'subscribe', channels: ['apps:created', 'system:health', 'nobody:knows'], ref: 'many' });
      for (const type of ['subscribed', 'error', 'error'])
        expect(await client.next()).toMatchObject({ type, ref: 'many' });
    });

    it('can be empty, and can have 64 characters of any byte length', async () => {
      for (const ref of ['', 'x'.repeat(64), '😀'.repeat(64)]) {
        expect(await answerTo({ type: 'ping', ref })).toEqual(stamped({ type: 'pong', ref }));
      }
    });

    it.each([['x'.repeat(65)], ['😀'.repeat(65)], [5], [null], [{}], [['a']], [true]])(
      'is rejected if it is %j',
      async (ref) => {
        expect(await answerTo({ type: 'ping', ref })).toEqual(
          errorOf('invalid_message', {
            details: [{ field: 'ref', message: 'must be a string of at most 64 characters' }],
          }),
        );
      },
    );
  });

  it('ping gets pong', async () => {
    expect(await answerTo({ type: 'ping' })).toEqual(stamped({ type: 'pong' }));
  });

  it('subscribe gets subscribed, with the position of the channel', async () => {
    expect(await answerTo({ type: 'subscribe', channel: 'apps:created' })).toEqual(
      stamped({ type: 'subscribed', channel: 'apps:created', lastEventId: AN_ID }),
    );
  });

  it('subscribe twice gets subscribed again, and changes nothing else', async () => {
    await answerTo({ type: 'subscribe', channel: 'apps:created' });
    expect(await answerTo({ type: 'subscribe', channel: 'apps:created' })).toEqual(
      stamped({ type: 'subscribed', channel: 'apps:created', lastEventId: AN_ID }),
    );
    await app.events.emit('apps:created', { id: '1', name: 'once' });
    expect(await client.next('event')).toMatchObject({ data: { id: '1' } });
    await client.expectNone('event');
    expect(await answerTo({ type: 'unsubscribe', channel: 'apps:created' })).toMatchObject({ type: 'unsubscribed' });
    expect(await answerTo({ type: 'unsubscribe', channel: 'apps:created' })).toMatchObject({ code: 'not_subscribed' });
  });

  it('subscribe with channels gets one reply each, in the order of the request', async () => {
    const channels = ['apps:created', { channel: 'users:updated' }, 'system:health', 'nobody:knows', 'apps:updated'];
    client.send({ type: 'subscribe', channels });
    expect(await client.next()).toEqual(stamped({ type: 'subscribed', channel: 'apps:created', lastEventId: AN_ID }));
    expect(await client.next()).toEqual(stamped({ type: 'subscribed', channel: 'users:updated', lastEventId: AN_ID }));
    expect(await client.next()).toEqual(errorOf('forbidden', { channel: 'system:health' }));
    expect(await client.next()).toEqual(errorOf('unknown_channel', { channel: 'nobody:knows' }));
    expect(await client.next()).toEqual(stamped({ type: 'subscribed', channel: 'apps:updated', lastEventId: AN_ID }));
    await client.expectNone();
  });

  it('unsubscribe gets unsubscribed, and no event of the channel follows', async () => {
    await answerTo({ type: 'subscribe', channel: 'apps:created' });
    expect(await answerTo({ type: 'unsubscribe', channel: 'apps:created' })).toEqual(
      stamped({ type: 'unsubscribed', channel: 'apps:created' }),
    );
    await app.events.emit('apps:created', { id: '1', name: 'unseen' });
    await client.expectNone('event');
  });

  it('unsubscribe with channels gets one reply each', async () => {
    await answerTo({ type: 'subscribe', channel: 'apps:created' });
    client.send({ type: 'unsubscribe', channels: ['apps:updated', 'apps:created', 'nobody:knows'] });
    expect(await client.next()).toEqual(errorOf('not_subscribed', { channel: 'apps:updated' }));
    expect(await client.next()).toEqual(stamped({ type: 'unsubscribed', channel: 'apps:created' }));
    expect(await client.next()).toEqual(errorOf('not_subscribed', { channel: 'nobody:knows' }));
  });

  it('unsubscribe accepts the same format as subscribe: objects among its channels', async () => {
    await answerTo({ type: 'subscribe', channel: 'apps:created' });
    expect(await answerTo({ type: 'unsubscribe', channels: [{ channel: 'apps:created' }] })).toMatchObject({
      type: 'unsubscribed',
    });
  });

  it('list_channels returns the authorized and the subscribed channels', async () => {
    await answerTo({ type: 'subscribe', channels: ['apps:created'] });
    await answerTo({ type: 'subscribe', channels: ['announcements'] });
    expect(await answerTo({ type: 'list_channels' })).toEqual(
      stamped({
        type: 'channels',
        channels: expect.arrayContaining(['announcements', 'storage:updated', 'user:u1']),
        subscribed: ['apps:created', 'announcements'],
      }),
    );
  });

  it('stats is refused unless the user is an admin', async () => {
    expect(await answerTo({ type: 'stats' })).toEqual(errorOf('forbidden'));
    const anonymous = await app.connect();
    await anonymous.next('connected');
    anonymous.send({ type: 'stats' });
    expect(await anonymous.next()).toEqual(errorOf('forbidden'));
    await anonymous.close();
  });

  it('presence gets presence_disabled on a channel without it, and there is no subscription', async () => {
    const disabled = errorOf('presence_disabled', { channel: 'apps:created' });
    expect(await answerTo({ type: 'presence', channel: 'apps:created' })).toEqual(disabled);
    expect(await answerTo({ type: 'subscribe', channel: 'apps:created', presence: true })).toEqual(disabled);
    expect(await answerTo({ type: 'list_channels' })).toMatchObject({ subscribed: [] });
    expect(await answerTo({ type: 'subscribe', channel: 'apps:created', presence: false })).toMatchObject({
      type: 'subscribed',
    });
  });

  it('presence of a channel without access is forbidden', async () => {
    expect(await answerTo({ type: 'presence', channel: 'system:health' })).toEqual(
      errorOf('forbidden', { channel: 'system:health' }),
    );
  });

  it('get replies in their order of arrival, however long each one takes', async () => {
    client.send({ type: 'subscribe', channels: ['apps:created', 'apps:updated'], ref: '1' });
    client.send({ type: 'ping', ref: '2' });
    client.send({ type: 'auth', token: signToken(), ref: '3' });
    client.send('rubbish');
    client.send({ type: 'unsubscribe', channel: 'apps:created', ref: '4' });
    client.send({ type: 'ping', ref: '5' });
    await client.next('pong', ({ ref }) => ref === '5');
    const order = client.frames.slice(1).map((frame) => ('ref' in frame ? frame.ref : 'code' in frame && frame.code));
    expect(order).toEqual(['1', '1', '2', '3', 'invalid_json', '4', '5']);
  });
});
