import type { FakeCall, FakeRealtimeServer, FakeServerOptions } from '../../testing/index.js';
import { deferred, pass, virtualClients } from '../../../test/support/virtual-client.js';
import { callByName } from '../../../test/support/call-by-name.js';
import type { Call, RealtimeClient } from '../index.js';

const CHANNEL = 'apps:updated';

/** The value of `settled` so far; `waits` without one. */
function settledOf(calling: Call): () => unknown {
  let outcome: unknown = 'waits';
  calling.settled.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = (error as Error).message),
  );
  return () => outcome;
}

/** Holds back the events on the open connection. @returns functions that deliver one each */
function holdEvents(server: FakeRealtimeServer): (() => void)[] {
  const late: (() => void)[] = [];
  const connection = server.open[0]!;
  const send = connection.sendText.bind(connection);
  connection.sendText = (text) => {
    if (text.includes('"type":"event"')) late.push(() => send(text));
    else send(text);
  };
  return late;
}

describe('call.settled', () => {
  const begin = virtualClients();

  /** A client that is subscribed to the channel, and the command `rename`. */
  async function connected(handler: (call: FakeCall) => unknown, options: FakeServerOptions = {}) {
    const commands = { rename: (_input: unknown, running: FakeCall) => handler(running) };
    const made = begin({ getToken: () => 'ada', minDelayMs: 100 }, { commands, ...options });
    const { client, server } = made;
    const channel = client.channel<string>(CHANNEL);
    const received: unknown[] = [];
    channel.on('event', ({ data }) => received.push(data));
    channel.subscribe();
    await pass();
    const start = channel.lastEventId ?? '';
    let late: (() => void)[] = [];
    const hold = (): void => void (late = holdEvents(server));
    const deliver = async (): Promise<void> => {
      late.shift()?.();
      await pass();
    };
    return { ...made, channel, start, received, hold, deliver, rename: () => callByName(client, 'rename') };
  }
  const publish = (running: FakeCall): void => running.publish(CHANNEL, { name: 'new' });

  it('waits for the event of the command, also if it comes after the result', async () => {
    const { rename, hold, deliver, received } = await connected(publish);
    hold();
    const renamed = rename();
    const settled = settledOf(renamed);
    await pass();
    expect(await renamed).toBe(null);
    expect([settled(), received]).toEqual(['waits', []]);
    await deliver();
    expect([settled(), received]).toEqual([true, [{ name: 'new' }]]);
  });

  it('resolves at once if the event came before the result', async () => {
    const { rename } = await connected(publish);
    const settled = settledOf(rename());
    await pass();
    expect(settled()).toBe(true);
  });

  it('waits for asynchronous listeners of the event', async () => {
    const { rename, channel } = await connected(publish);
    const end = deferred();
    channel.on('event', () => end.promise);
    const settled = settledOf(rename());
    await pass(1_000);
    expect(settled()).toBe('waits');
    end.resolve();
    await pass();
    expect(settled()).toBe(true);
  });

  it('does not take an earlier event of the channel for it', async () => {
    const { rename, server, hold, deliver } = await connected(publish);
    server.publish(CHANNEL, { id: '1', name: 'before' });
    await pass();
    hold();
    const settled = settledOf(rename());
    await pass();
    expect(settled()).toBe('waits');
    await deliver();
    expect(settled()).toBe(true);
  });

  it.each<[string, (running: FakeCall) => void]>([
    ['has no event', () => undefined],
    ['has one on a channel without a subscription', (running) => running.publish('other:channel', {})],
    ['names an invalid channel', (running) => running.publish('not a channel', {})],
  ])('is false if the command %s', async (_, handler) => {
    const { rename } = await connected(handler);
    const settled = settledOf(rename());
    await pass();
    expect(settled()).toBe(false);
  });

  it('is false, after the events that it can see, if another one is on a channel without a subscription', async () => {
    const { rename, hold, deliver } = await connected((running) => {
      running.publish('other:channel', {});
      publish(running);
    });
    hold();
    const settled = settledOf(rename());
    await pass();
    expect(settled()).toBe('waits');
    await deliver();
    expect(settled()).toBe(false);
  });

  it('waits for an event of an outbox by its cause, and for each of several', async () => {
    const { rename, server, hold, deliver } = await connected((running) => {
      running.publishLater(CHANNEL, 1);
      running.publishLater(CHANNEL, 2);
    });
    hold();
    server.send({ type: 'event', channel: CHANNEL, data: 0, cause: 'another call' } as never);
    const settled = settledOf(rename());
    await pass();
    const states: unknown[] = [settled()];
    for (const _ of [1, 2, 3]) {
      await deliver();
      states.push(settled());
    }
    expect(states).toEqual(['waits', 'waits', 'waits', true]);
  });

  it('notices an event of an outbox that came before the result', async () => {
    const { server, client, start } = await connected(() => undefined);
    let ref: string | undefined;
    server.open[0]!.take = (text) => void ({ ref } = JSON.parse(text) as { ref: string });
    const settled = settledOf(callByName(client, 'rename', {}, { callId: 'mine' }));
    await pass();
    server.send({ type: 'event', channel: CHANNEL, data: 1, id: start.replace(/0$/, '1'), cause: 'mine' } as never);
    server.send({ type: 'result', callId: 'mine', data: null, effects: [{ channel: CHANNEL }], ref: ref! });
    await pass();
    expect(settled()).toBe(true);
  });

  it('waits for an event of a channel without history by its cause', async () => {
    const { rename, hold, deliver } = await connected(publish, { historySize: 0 });
    hold();
    const settled = settledOf(rename());
    await pass();
    expect(settled()).toBe('waits');
    await deliver();
    expect(settled()).toBe(true);
  });

  it('resolves after a break, once the channel has resumed', async () => {
    const { rename, hold, server, received } = await connected(publish);
    hold();
    const settled = settledOf(rename());
    await pass();
    server.cut();
    await pass();
    expect(settled()).toBe('waits');
    await pass(200);
    expect([settled(), received]).toEqual([true, [{ name: 'new' }]]);
  });

  it.each([
    ['after the result', false],
    ['before the result', true],
  ])('resolves with a reset of the channel %s, once its listeners have loaded their state', async (_, isBefore) => {
    const answer = deferred();
    const { rename, hold, server, channel } = await connected(async (running) => {
      publish(running);
      if (isBefore) await answer.promise;
    });
    const loaded = deferred();
    channel.on('reset', () => loaded.promise);
    hold();
    const settled = settledOf(rename());
    await pass();
    server.send({ type: 'resync', channel: CHANNEL, reason: 'unknown_epoch', lastEventId: 'next-0' });
    await pass();
    answer.resolve();
    await pass();
    expect(settled()).toBe('waits');
    loaded.resolve();
    await pass();
    expect(settled()).toBe(true);
  });

  it('waits for the event if a reset leads to a position before it', async () => {
    const { rename, hold, deliver, server, start } = await connected(publish);
    hold();
    const settled = settledOf(rename());
    await pass();
    server.send({ type: 'resync', channel: CHANNEL, reason: 'too_many', lastEventId: start });
    await pass();
    expect(settled()).toBe('waits');
    await deliver();
    expect(settled()).toBe(true);
  });

  it.each([true, false])('resolves when the last subscriber leaves (connected: %p)', async (isConnected) => {
    const { rename, hold, channel, server } = await connected(publish);
    hold();
    const settled = settledOf(rename());
    await pass();
    server.isDown = true;
    if (!isConnected) server.cut();
    await pass();
    channel.unsubscribe();
    await pass();
    expect(settled()).toBe(false);
  });

  it.each<[string, (client: RealtimeClient) => void]>([
    ['is closed', (client) => client.close()],
    ['continues as another user', (client) => void client.reauthenticate()],
  ])('resolves when the client %s', async (_, happens) => {
    let user = 'ada';
    const commands = { rename: (_input: unknown, running: FakeCall) => running.publishLater(CHANNEL, 1) };
    const { client, server } = begin({ getToken: () => user }, { commands: commands });
    client.channel<string>(CHANNEL).subscribe();
    await pass();
    holdEvents(server);
    const settled = settledOf(callByName(client, 'rename'));
    await pass();
    expect(settled()).toBe('waits');
    user = 'bob';
    happens(client);
    await pass(1_000);
    expect(settled()).toBe(false);
  });
});
