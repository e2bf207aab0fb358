import { WebSocket as PartySocket } from 'partysocket';
import reconnectingWebSocket from 'reconnecting-websocket';
import { firstValueFrom, filter } from 'rxjs';
import { webSocket } from 'rxjs/webSocket';
import { WebSocket } from 'ws';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { signToken } from '../support/jwt.js';
import { within } from '../support/within.js';

interface Frame {
  readonly type: string;
  readonly data?: { readonly name: string };
  readonly user?: { readonly userId: string };
}

/** The part of the WebSocket interface that these clients implement. */
interface Socket {
  onmessage: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

describe('third-party clients', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  const urlFor = (sub: string): string => `${app.url}?token=${signToken({ sub })}`;
  const SUBSCRIBE = { type: 'subscribe', channel: 'apps:created' };

  /** Subscribes on each connect, is disconnected once, and expects one event before and one after. */
  async function expectToComeBack(socket: Socket, sub: string): Promise<void> {
    const received: string[] = [];
    let tell: () => void = () => undefined;
    const next = (name: string): Promise<void> =>
      within(10_000, name, new Promise<void>((resolve) => (tell = resolve)));
    socket.onmessage = ({ data }: { data: unknown }) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === 'connected') socket.send(JSON.stringify(SUBSCRIBE));
      if (frame.type === 'event') received.push(frame.data!.name);
      if (frame.type === 'subscribed' || frame.type === 'event') tell();
    };
    for (const name of ['before', 'after']) {
      await next('subscribed');
      const arrived = next(`the event "${name}"`);
      await app.events.emit('apps:created', { id: '1', name });
      await arrived;
      if (name === 'before') for (const connection of app.registry.ofUser(sub)) connection.transport.terminate();
    }
    socket.close();
    expect(received).toEqual(['before', 'after']);
  }

  it('reconnecting-websocket', async () => {
    const options = { WebSocket, minReconnectionDelay: 10, maxReconnectionDelay: 50 };
    // Its types declare a `default` export, but Node imports the class itself.
    const Class = reconnectingWebSocket as unknown as new (url: string, protocols: string[], options: object) => Socket;
    await expectToComeBack(new Class(urlFor('rws'), [], options), 'rws');
  });

  it('partysocket', async () => {
    const options = { WebSocket, minReconnectionDelay: 10, maxReconnectionDelay: 50 };
    await expectToComeBack(new PartySocket(urlFor('party'), [], options), 'party');
  });

  it('RxJS webSocket', async () => {
    const subject = webSocket<Frame | object>({
      url: urlFor('rxjs'),
      WebSocketCtor: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    const of = (type: string): Promise<Frame> =>
      within(
        5_000,
        type,
        firstValueFrom(subject.pipe(filter((frame): frame is Frame => 'type' in frame && frame.type === type))),
      );
    const [subscribed, event] = [of('subscribed'), of('event')];
    subject.next(SUBSCRIBE);
    await subscribed;
    await app.events.emit('apps:created', { id: '1', name: 'seen by RxJS' });
    expect((await event).data?.name).toBe('seen by RxJS');
    subject.complete();
  });

  it('wscat', async () => {
    // wscat ends when its input ends, so the input stays open.
    const script = 'exec "$0" node_modules/wscat/bin/wscat "$@" < <(tail -f /dev/null --pid=$$)';
    const args = ['-c', urlFor('wscat'), '-x', JSON.stringify(SUBSCRIBE), '-w', '60'];
    const child = new Child('bash', ['-c', script, process.execPath, ...args]);
    try {
      await child.said('"type":"subscribed"');
      await app.events.emit('apps:created', { id: '1', name: 'seen by wscat' });
      await child.said('seen by wscat');
      expect(app.registry.ofUser('wscat').size).toBe(1);
    } finally {
      await child.stop('SIGKILL');
    }
  });

  it.each(['websockets', 'websocket'])("Python's %s, of Debian's packages", async (library) => {
    const child = new Child('/usr/bin/python3', [`test/clients/pages/python_${library}.py`, urlFor(library)]);
    await child.said('"type":"subscribed"');
    await app.events.emit('apps:created', { id: '1', name: 'seen by Python' });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stdout).toContain('seen by Python');
  });
});
