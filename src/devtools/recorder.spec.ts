import { jest } from '@jest/globals';
import { pass, virtualClients } from '../../test/support/virtual-client.js';
import type { RealtimeClientOptions } from '../client/index.js';
import type { FakeServerOptions } from '../testing/index.js';
import { FallbackSocket } from '../client/sse/fallback-socket.js';
import { sse } from '../client/sse/index.js';
import { mountDevtools } from './index.js';
import { mountDevtools as mountNothing } from './none.js';
import { createRecorder, MAX_CHANNELS, MAX_EVENTS, MAX_HISTORY } from './recorder.js';

const CHANNEL = 'apps:created';

describe('the recorder of the devtools', () => {
  const begin = virtualClients();

  function start(options: FakeServerOptions = {}, transports?: RealtimeClientOptions['transports']) {
    const { client, server, states } = begin({ token: 'ada', transports }, options);
    const changed = jest.fn();
    const record = () =>
      createRecorder(client, { slowMs: 1_000, classes: [server.WebSocket, FallbackSocket] }, changed);
    const seen: string[] = [];
    const channel = client.channel(CHANNEL);
    channel.on('event', ({ data }) => void seen.push(data.name));
    const publish = (...names: string[]) => names.forEach((id) => void server.publish(CHANNEL, { id, name: id }));
    const sent = () => server.connections.at(-1)!.received.map(({ type }) => type);
    return { client, server, states, changed, record, seen, channel, publish, sent };
  }

  it('records states, subscriptions, and events with their size and delay', async () => {
    const { record, channel, publish, changed } = start();
    const recorder = record();
    channel.subscribe();
    await pass();
    changed.mockClear();
    publish('ü');
    await pass();
    expect(changed).toHaveBeenCalled();
    expect(recorder.events).toEqual([
      expect.objectContaining({ channel: CHANNEL, delayMs: 0, isReplayed: false, data: '{"id":"ü","name":"ü"}' }),
    ]);
    const [event] = recorder.events;
    const frame = {
      type: 'event',
      id: event!.id,
      channel: CHANNEL,
      data: { id: 'ü', name: 'ü' },
      timestamp: new Date(),
    };
    expect(event!.bytes).toBe(Buffer.byteLength(JSON.stringify(frame)));
    expect(recorder.channels.get(CHANNEL)).toMatchObject({ events: 1, bytes: event!.bytes });
    expect(recorder.history.map(({ text }) => text).reverse()).toEqual([
      'idle → connecting (connect)',
      'connecting → connected (ready)',
      'identity: ada',
      `${CHANNEL}: subscribed`,
    ]);
  });

  it('finds the socket of a client that is connected already, and its channels', async () => {
    const { record, channel, publish } = start();
    channel.subscribe();
    await pass();
    const recorder = record();
    await pass();
    expect([recorder.hasSocket, [...recorder.channels.keys()]]).toEqual([true, [CHANNEL]]);
    publish('one');
    await pass();
    expect(recorder.events).toHaveLength(1);
  });

  it('leaves the class of the sockets as it was, and says if it does not see the frames', async () => {
    const { client, server, record, channel } = start();
    const prototype = Object.getPrototypeOf(server.WebSocket.prototype) as object;
    const before = Object.getOwnPropertyDescriptor(prototype, 'send');
    record();
    const blind = createRecorder(client, { slowMs: 1, classes: [undefined] }, () => undefined);
    channel.subscribe();
    await pass();
    expect(Object.getOwnPropertyDescriptor(prototype, 'send')).toEqual(before);
    expect(blind.hasSocket).toBe(false);
    blind.cut();
    expect(client.state).toBe('connected');
  });

  it('cuts the connection, and shows what was recovered', async () => {
    const { record, channel, publish, seen, states, server } = start();
    const recorder = record();
    channel.subscribe();
    await pass();
    publish('before');
    await pass(10);
    recorder.cut();
    expect(states().at(-1)).toBe('lost → waiting');
    expect(recorder.hasSocket).toBe(false);
    expect(recorder.history[0]!.text).toMatch(
      /^connected → waiting \(lost, cut by the devtools, close code 1006, next attempt/,
    );
    publish('meanwhile');
    await pass(2_000);
    publish('after');
    await pass();
    expect(seen).toEqual(['before', 'meanwhile', 'after']);
    expect(recorder.events.map(({ isReplayed }) => isReplayed)).toEqual([false, true, false]);
    expect(recorder.channels.get(CHANNEL)).toMatchObject({ recovery: 'recovered', replayed: 1, events: 3 });

    recorder.cut();
    server.forget(CHANNEL);
    await pass(2_000);
    expect(recorder.channels.get(CHANNEL)!.recovery).toMatch(/^not recovered: /);
  });

  it('controls a client that can also stream, from outside of its WebSocket', async () => {
    const { record, channel, publish, seen, states } = start({}, ['websocket', sse()]);
    const recorder = record();
    channel.subscribe();
    await pass();
    recorder.setSlow(true);
    publish('one');
    await pass(999);
    expect([recorder.hasSocket, seen.length]).toEqual([true, 0]);
    await pass(1);
    recorder.setSlow(false);
    recorder.cut();
    expect(states().at(-1)).toBe('lost → waiting');
    publish('two');
    await pass(2_000);
    expect(seen).toEqual(['one', 'two']);
  });

  it('delays every frame in both directions while the network is slow, and keeps their order', async () => {
    const { record, channel, publish, seen, client, sent } = start();
    const recorder = record();
    channel.subscribe();
    await pass();
    recorder.setSlow(true);
    publish('one', 'two');
    await pass(999);
    expect(seen).toEqual([]);
    const count = sent().length;
    client.send({ type: 'ping' });
    await pass(1);
    expect(seen).toEqual(['one', 'two']);
    expect(recorder.events[0]!.delayMs).toBe(1_000);
    expect(sent()).toHaveLength(count);
    publish('three');
    await pass(500);
    recorder.setSlow(false);
    publish('four'); // it must not overtake
    await pass(498);
    expect([seen.length, sent().length]).toEqual([2, count]);
    await pass(1);
    expect([seen.length, sent().length]).toEqual([2, count + 1]); // a second after it was sent
    await pass(1);
    expect(seen).toEqual(['one', 'two', 'three', 'four']);
    publish('five');
    await pass();
    expect(seen).toHaveLength(5);
  });

  it('drops frames that wait when the connection is cut, so that they are recovered', async () => {
    const { record, channel, publish, seen } = start();
    const recorder = record();
    channel.subscribe();
    await pass();
    publish('one');
    await pass();
    recorder.setSlow(true);
    publish('two');
    await pass(100);
    recorder.cut();
    recorder.setSlow(false);
    await pass(5_000);
    expect(seen).toEqual(['one', 'two']);
    expect(recorder.channels.get(CHANNEL)).toMatchObject({ recovery: 'recovered', replayed: 1 });
  });

  it('corrects delays by the clock of the server', async () => {
    const { record, channel, publish, server } = start();
    channel.subscribe();
    await pass();
    const [connection] = server.open;
    const ahead = () => new Date(Date.now() + 60_000).toISOString();
    connection!.send = (frame) => connection!.sendText(JSON.stringify({ ...frame, timestamp: ahead() }));
    const recorder = record();
    expect(recorder.clock).toBeUndefined();
    await pass();
    expect(recorder.clock).toEqual({ offsetMs: 60_000, errorMs: 0 });
    publish('emitted a minute ago, by the clock of the server');
    await pass();
    expect(recorder.events[0]!.delayMs).toBe(60_000);
  });

  it('keeps a limited number of events, happenings and channels', async () => {
    const { record, channel, publish, client, server } = start({ historySize: 1 });
    const recorder = record();
    channel.subscribe();
    const names: string[] = Array.from({ length: MAX_CHANNELS + 10 }, (_, count) => `many:${count}`);
    for (const name of names) client.channel(name).subscribe();
    await pass();
    for (let count = 0; count < MAX_EVENTS + 10; count += 1) publish(String(count));
    await pass();
    expect([recorder.events.length, recorder.channels.size, recorder.history.length]).toEqual([
      MAX_EVENTS,
      MAX_CHANNELS,
      MAX_HISTORY,
    ]);
    expect(recorder.events[0]!.data).toContain(String(MAX_EVENTS + 9));
    expect(recorder.unlisted).toBeGreaterThan(0);
    server.publish(CHANNEL, { id: '1', name: 'x'.repeat(10_000) });
    await pass();
    expect(recorder.events[0]!.data.length).toBeLessThan(500);
    recorder.clear();
    expect([recorder.events, recorder.history]).toEqual([[], []]);
  });

  it('gives the socket back when it stops, with the frames that wait', async () => {
    const { record, channel, publish, seen, client } = start();
    const recorder = record();
    channel.subscribe();
    await pass();
    recorder.setSlow(true);
    publish('one');
    await pass();
    recorder.stop();
    expect(seen).toEqual(['one']);
    publish('two');
    await pass();
    expect([seen, recorder.events.length]).toEqual([['one', 'two'], 1]);
    await expect(client.request({ type: 'ping' })).resolves.toMatchObject({ type: 'pong' });
    await pass(1_000);
  });

  it('does not break the client if it cannot read a frame', async () => {
    const warn = jest.spyOn(console, 'warn').mockReturnValue(undefined);
    const { record, channel, publish, seen, server } = start();
    record();
    channel.subscribe();
    await pass();
    server.open[0]!.sendText(
      '{"type":"event","channel":"apps:created","timestamp":"x","data":{"id":"1","name":"odd"}}',
    );
    server.open[0]!.sendText('{"type":"channels"}');
    publish('fine');
    await pass();
    expect(seen).toContain('fine');
    expect(warn).toHaveBeenCalled();
  });

  it('does nothing without a page, and in production', () => {
    const { client } = start();
    mountDevtools(client)();
    mountNothing(client, { open: true })();
    expect(() => mountDevtools(client, { slowMs: NaN })).toThrow('slowMs is NaN');
  });
});
