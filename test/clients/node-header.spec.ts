import { once } from 'node:events';
import { WebSocket } from 'ws';
import { signToken } from '../support/jwt.js';
import { within } from '../support/within.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

describe('a client in Node, with the Authorization header', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it('subscribes when it is connected, and receives events', async () => {
    const socket = new WebSocket(app.url, { headers: { Authorization: `Bearer ${signToken({ sub: 'node' })}` } });
    const seen = new Promise<{ user: unknown; event: Message }>((resolve, reject) => {
      let user: unknown;
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        switch (message.type) {
          case 'connected':
            user = message['user'];
            socket.send(JSON.stringify({ type: 'subscribe', channel: 'deployments:status' }));
            break;
          case 'subscribed':
            void app.events.emit('deployments:status', { id: 'd1', appId: 'a1', status: 'building' });
            break;
          case 'event':
            resolve({ user, event: message });
            break;
          case 'error':
            reject(new Error(String(message['message'])));
            break;
        }
      });
    });
    const { user, event } = await within(5_000, 'the event', seen);
    expect(user).toMatchObject({ userId: 'node' });
    expect(event).toMatchObject({ channel: 'deployments:status', data: { status: 'building' } });
    socket.close(1000, 'done');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1000);
  });

  it('receives the error and the close of a bad token', async () => {
    const socket = new WebSocket(app.url, { headers: { Authorization: 'Bearer rubbish' } });
    const message = once(socket, 'message') as Promise<[Buffer]>;
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    expect(JSON.parse((await message)[0].toString())).toMatchObject({ type: 'error', code: 'token_invalid' });
    expect((await closed)[0]).toBe(4401);
  });
});
