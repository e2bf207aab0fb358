import { pass, virtualClients } from '../../../test/support/virtual-client.js';
import { callByName } from '../../../test/support/call-by-name.js';
import type { FakeCall } from '../../testing/index.js';
import type { Effect } from '../../protocol/command-frames.js';
import type { Call } from '../index.js';

const CHANNEL = 'apps:updated';

/** The value of `settled` so far; `waits` without one. */
function settledOf(calling: Call): () => unknown {
  let outcome: unknown = 'waits';
  void calling.settled.then((value) => (outcome = value));
  return () => outcome;
}

describe('call.settled, if an event does not arrive', () => {
  const begin = virtualClients();

  /** A client that is subscribed to the channel, and a server that answers the next call with these effects. */
  async function answering(effects: unknown) {
    const made = begin({ getToken: () => 'ada' }, { commands: {} });
    const channel = made.client.channel<string>(CHANNEL);
    channel.subscribe();
    await pass();
    const connection = made.server.open[0]!;
    connection.take = (text) => {
      const { type, ref, callId } = JSON.parse(text) as { type: string; ref: string; callId: string };
      if (type === 'call') connection.send({ type: 'result', callId, data: null, effects: effects as Effect[], ref });
    };
    return { ...made, channel, position: channel.lastEventId!, connection };
  }

  it.each<[string, unknown]>([
    ['of an outbox', [{ channel: CHANNEL }]],
    ['without a valid position', [{ channel: CHANNEL, id: 'nonsense' }]],
    ['of another epoch', [{ channel: CHANNEL, id: 'gone-7' }]],
  ])('%s, is false after a minute', async (_, effects) => {
    const { client } = await answering(effects);
    const settled = settledOf(callByName(client, 'any'));
    await pass(59_999);
    expect(settled()).toBe('waits');
    await pass(1);
    expect(settled()).toBe(false);
  });

  it.each<[string, unknown]>([
    ['is not a list', { channel: CHANNEL }],
    ['has no channel', [null, 7, 'x', {}, { id: 'a-1' }, { channel: 7 }, { channel: CHANNEL, id: 7 }]],
    ['names an invalid channel', [{ channel: '__proto__' }, { channel: '' }]],
  ])('is false at once if `effects` %s', async (_, effects) => {
    const { client } = await answering(effects);
    expect(await callByName(client, 'any').settled).toBe(false);
  });

  it('takes no more than 100 effects', async () => {
    const { client, position } = await answering(
      Array.from({ length: 10_000 }, (_, index) => ({ channel: `room:r${index}` })),
    );
    let asked = 0;
    const channel = client.channel.bind(client);
    Object.assign(client, {
      channel: (name: string) => {
        asked += 1;
        return channel<string>(name);
      },
    });
    expect(await callByName(client, 'any').settled).toBe(false);
    expect([asked, position]).toEqual([100, expect.any(String)]);
  });

  it('counts an event once that arrives twice', async () => {
    const { client, connection, position } = await answering([{ channel: CHANNEL }, { channel: CHANNEL }]);
    const settled = settledOf(callByName(client, 'any', {}, { callId: 'mine' }));
    await pass();
    const event = (offset: number): void =>
      connection.send({
        type: 'event',
        channel: CHANNEL,
        data: 1,
        id: position.replace(/\d+$/, String(offset)),
        cause: 'mine',
      } as never);
    const states: unknown[] = [];
    for (const offset of [1, 1, 2]) {
      event(offset);
      await pass();
      states.push(settled());
    }
    expect(states).toEqual(['waits', 'waits', true]);
  });

  it('ends within a minute for a repetition whose event of an outbox has arrived before', async () => {
    const commands = { rename: (_input: unknown, running: FakeCall) => running.publishLater(CHANNEL, 1) };
    const { client } = begin({ getToken: () => 'ada' }, { commands });
    client.channel<string>(CHANNEL).subscribe();
    await pass();
    expect(await callByName(client, 'rename', {}, { callId: 'mine' }).settled).toBe(true);
    const again = settledOf(callByName(client, 'rename', {}, { callId: 'mine' }));
    await pass(60_000);
    expect(again()).toBe(false);
  });
});
