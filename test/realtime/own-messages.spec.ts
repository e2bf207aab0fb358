import type { WsClient } from '../support/ws-client.js';
import { SamePathGateway } from './support/other-gateways.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

describe("an application's own messages, by @SubscribeMessage on the same path", () => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { providers: [SamePathGateway] });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    client = await app.connectAs();
  });
  afterEach(async () => {
    await client.close();
  });

  const answerTo = async (frame: object): Promise<unknown> => {
    client.send(frame);
    const answer: unknown = await client.next();
    await client.expectNone();
    return answer;
  };

  it('are answered by what the handler returns, under their type and ref', async () => {
    expect(await answerTo({ type: 'rename', data: { name: 'x' }, ref: 'r' })).toEqual(
      stamped({ type: 'rename', data: { renamed: 'x' }, ref: 'r' }),
    );
  });

  it('may carry their data as fields of the frame', async () => {
    expect(await answerTo({ type: 'rename', name: 'y' })).toEqual(stamped({ type: 'rename', data: { renamed: 'y' } }));
  });

  it('may be answered by another type', async () => {
    expect(await answerTo({ type: 'respond', data: 1, ref: 'r' })).toEqual(
      stamped({ type: 'response', data: 1, ref: 'r' }),
    );
  });

  it('may be answered later, several times, or not at all', async () => {
    expect(await answerTo({ type: 'later', data: 5 })).toEqual(stamped({ type: 'later', data: 5 }));
    client.send({ type: 'several', ref: 's' });
    for (const data of [1, 2, 3]) expect(await client.next()).toEqual(stamped({ type: 'several', data, ref: 's' }));
    client.send({ type: 'silent' });
    await client.expectNone();
  });

  it('are answered in the order in which they came', async () => {
    client.send({ type: 'later', data: 1, ref: '1' });
    client.send({ type: 'rename', name: 'x', ref: '2' });
    client.send({ type: 'ping', ref: '3' });
    await client.fence();
    expect(client.frames.slice(1, 4).map((frame) => 'ref' in frame && frame.ref)).toEqual(['1', '2', '3']);
  });

  it('that throw a WsException are answered by its text', async () => {
    expect(await answerTo({ type: 'refuse', ref: 'r' })).toEqual(
      errorOf('invalid_message', { message: 'Not on a Sunday', ref: 'r' }),
    );
    expect(await answerTo({ type: 'refuse-with-code' })).toEqual(errorOf('forbidden', { message: 'Not you' }));
  });

  it('may be answered for as long as the connection lives: what comes after does not wait, and the end ends it', async () => {
    const gateway = app.app.get(SamePathGateway);
    client.send({ type: 'endless', ref: 'e' });
    await client.fence();
    for (const data of [0, 1, 2]) expect(await client.next()).toEqual(stamped({ type: 'endless', data, ref: 'e' }));
    expect(gateway.ticking).toBe(1);
    const gone = app.gone('u1');
    await client.close();
    await gone;
    expect(gateway.ticking).toBe(0);
  });

  it.each(['break', 'break-later', 'break-stream', 'circle'])(
    'that go wrong in any other way (%s) are internal',
    async (type) => {
      const answer = await answerTo({ type, ref: 'r' });
      expect(answer).toEqual(errorOf('internal', { ref: 'r', message: 'Internal error' }));
      await client.fence();
    },
  );

  it('cannot take the place of one of the protocol, and the log says so', async () => {
    expect(await answerTo({ type: 'ping' })).toEqual(stamped({ type: 'pong' }));
    expect(app.log.lines.join('\n')).toContain("@SubscribeMessage('ping') is never called");
  });

  it('leave the protocol as it is: an unknown type is unknown_type', async () => {
    expect(await answerTo({ type: 'renames' })).toEqual(errorOf('unknown_type'));
    expect(await client.ask({ type: 'subscribe', channel: 'apps:created' })).toMatchObject({ type: 'subscribed' });
  });
});
