import fc from 'fast-check';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp, type TestOptions } from './support/realtime-app.js';

const CHANNEL = 'apps:created';

const offsetsOf = (client: WsClient): number[] =>
  client.frames.flatMap((frame) => (frame.type === 'event' ? [Number((frame.data as { id: string }).id)] : []));

const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('resuming while events keep coming', () => {
  let app: RealtimeApp;
  let made = 0;

  const start = async (options: TestOptions): Promise<void> => {
    made = 0;
    app = await RealtimeApp.start({ framesPerSecond: 10_000, maxConnectionsPerUser: 1000, ...options });
  };
  afterEach(() => app.close());

  const emit = (name = 'n') => app.events.emit(CHANNEL, { id: String((made += 1)), name });

  /** Emits continuously, but yields to sockets, until stopped. */
  function storm(): { stop: () => Promise<void> } {
    let going = true;
    const over = (async () => {
      while (going) {
        for (let count = 0; count < 5; count += 1) await emit();
        await new Promise(setImmediate);
      }
    })();
    return {
      stop: () => {
        going = false;
        return over;
      },
    };
  }

  /** Resolves once this client has received the event with this number. */
  const sees = (client: WsClient, number: number): Promise<unknown> =>
    client.next('event', ({ data }) => (data as { id: string }).id === String(number));

  it('is gapless and without duplicates for many clients at once', async () => {
    await start({ history: { size: 50_000 }, recoveryMaxEvents: 50_000, recoveryMaxBytes: 100_000_000 });
    const { id: first } = await emit();
    const weather = storm();
    const clients = await Promise.all(Array.from({ length: 20 }, () => app.connectAs()));
    for (const client of clients) {
      expect(await client.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: first })).toMatchObject({
        recovered: true,
      });
    }
    await weather.stop();
    await Promise.all(clients.map((client) => sees(client, made)));
    expect(made).toBeGreaterThan(50);
    for (const client of clients) expect(offsetsOf(client)).toEqual(upTo(2, made));
  });

  it('is also gapless with clients that connect and disconnect at random', async () => {
    await start({ history: { size: 20_000 }, recoveryMaxEvents: 20_000, recoveryMaxBytes: 100_000_000 });
    const leaves = fc.record({ unsubscribe: fc.boolean(), stay: fc.nat(8), away: fc.nat(8) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(leaves, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), async (plans) => {
        const { id: from } = await emit();
        const begin = made;
        const weather = storm();
        const seen = await Promise.all(plans.map((plan) => live(plan, from)));
        await weather.stop();
        for (const numbers of seen) expect(numbers).toEqual(upTo(begin + 1, begin + numbers.length));
      }),
      { numRuns: 25 },
    );

    /**
     * One client: subscribes, waits for some events, leaves, misses some, and resumes. @returns all received numbers
     */
    async function live(plan: readonly { unsubscribe: boolean; stay: number; away: number }[], from: string) {
      const numbers: number[] = [];
      let at = from;
      let client = await app.connectAs();
      for (const { unsubscribe, stay, away } of [...plan, { unsubscribe: false, stay: 5, away: 0 }]) {
        const before = client.frames.length;
        expect(await client.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: at })).toMatchObject({
          recovered: true,
        });
        for (let count = 0; count < stay; count += 1) await client.next('event');
        if (unsubscribe) await client.ask({ type: 'unsubscribe', channel: CHANNEL });
        else client.terminate();
        await (unsubscribe ? Promise.resolve() : client.closed);
        for (const frame of client.frames.slice(before)) {
          if (frame.type !== 'event') continue;
          numbers.push(Number((frame.data as { id: string }).id));
          at = frame.id!;
        }
        for (let count = 0; count < away; count += 1) await new Promise(setImmediate);
        if (!unsubscribe) client = await app.connectAs();
      }
      client.terminate();
      return numbers;
    }
  });

  it('a replay larger than the send buffer is paced: a client that reads is not cut off', async () => {
    const [size, count] = [4_000, 1_500];
    await start({
      history: { size: 5_000 },
      recoveryMaxEvents: 5_000,
      recoveryMaxBytes: 100_000_000,
      maxBufferedBytes: 16_384,
    });
    const { id: first } = await emit();
    for (let index = 0; index < count; index += 1) await emit('x'.repeat(size));
    const client = await app.connectAs();
    expect(await client.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: first })).toMatchObject({
      recovered: true,
    });
    await emit(); // during the replay
    await sees(client, made);
    expect(offsetsOf(client)).toEqual(upTo(2, made));
    await client.fence();
    expect(app.registry.stats().slowConsumersClosed).toBe(0);
  });

  it('a reader that stops during its replay does not block others, and gets the rest when it continues', async () => {
    await start({
      history: { size: 10_000 },
      recoveryMaxEvents: 10_000,
      recoveryMaxBytes: 1_000_000_000,
      maxBufferedBytes: 16_384,
    });
    const { id: first } = await emit();
    for (let index = 0; index < 400; index += 1) await emit('x'.repeat(60_000));
    const [slow, quick] = [await app.connectAs(), await app.connectAs()];
    slow.send({ type: 'subscribe', channel: CHANNEL, lastEventId: first });
    await slow.next('subscribed');
    slow.socket.pause();
    await quick.ask({ type: 'subscribe', channel: CHANNEL });
    for (let index = 0; index < 50; index += 1) await emit();
    await sees(quick, made);
    expect(slow.frames.length).toBeLessThan(400);
    slow.socket.resume();
    await sees(slow, made);
    expect(offsetsOf(slow)).toEqual(upTo(2, made));
  });
});
