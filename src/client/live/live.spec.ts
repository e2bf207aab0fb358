import { pass, virtualClients } from '../../../test/support/virtual-client.js';
import type { FakeCall, FakeServerOptions } from '../../testing/index.js';
import { call } from '../commands/call.js';
import { live } from './index.js';

const BOARD = 'projects:42:board';

interface Board {
  readonly cards: Readonly<Record<string, { readonly column: string }>>;
  readonly title?: string;
}

const board = (): Board => ({ cards: { 7: { column: 'todo' }, 8: { column: 'done' } }, title: 'Plan' });
const move = (card: string, column: string) => ({ set: { [`/cards/${card}/column`]: column } });

describe('a live resource', () => {
  const begin = virtualClients();

  function start(options: FakeServerOptions = {}, token?: () => string | null) {
    const all = begin(token && { getToken: () => Promise.resolve(token()) }, options);
    const { client, server } = all;
    server.states.set(BOARD, board());
    const use = () => {
      const resource = live<string>(client, BOARD);
      const seen: string[] = [];
      const show = (): void => {
        const { status, data, error } = resource.getSnapshot();
        const columns = Object.entries((data as Board | undefined)?.cards ?? {}).map(([id, card]) => id + card.column);
        seen.push([status, ...columns, ...(error ? [error.code] : [])].join(' '));
      };
      resource.subscribe(show);
      return { resource, seen, data: () => resource.getSnapshot().data as Board };
    };
    const targets = () =>
      server.connections.flatMap(({ received }) =>
        received.flatMap((request) => (request.type === 'subscribe' ? request.targets : [])),
      );
    return { ...all, use, targets };
  }

  it('loads its state, and applies patches', async () => {
    const { server, use, targets } = start();
    const { resource, seen } = use();
    expect(resource.getSnapshot()).toEqual({ data: undefined, status: 'loading' });
    await pass();
    server.states.patch(BOARD, move('7', 'done'));
    server.states.patch(BOARD, { remove: ['/cards/8'], set: { '/cards/9': { column: 'todo' } } });
    await pass();
    expect(seen).toEqual(['live 7todo 8done', 'live 7done 8done', 'live 7done 9todo']);
    expect(targets()).toEqual([{ channel: BOARD, state: true }]);
    expect(resource.getSnapshot().position).toMatch(/-2$/);
  });

  it('keeps the parts that did not change', async () => {
    const { server, use } = start();
    const { data } = use();
    await pass();
    const first = data();
    server.states.patch(BOARD, move('7', 'done'));
    await pass();
    const second = data();
    expect(second.cards[8]).toBe(first.cards[8]);
    expect(second.cards[7]).not.toBe(first.cards[7]);
    server.states.set(BOARD, { ...board(), title: 'Other' });
    await pass();
    expect(data().cards[8]).toBe(first.cards[8]);
    expect(data().title).toBe('Other');
  });

  it('does not change after a patch that changes nothing', async () => {
    const { server, use } = start();
    const { resource, seen } = use();
    await pass();
    const before = resource.getSnapshot();
    server.states.patch(BOARD, {});
    server.states.patch(BOARD, move('8', 'done'));
    server.states.reload(BOARD);
    await pass();
    expect(resource.getSnapshot().data).toBe(before.data);
    expect(seen.filter((each) => each !== 'live 7todo 8done')).toEqual([]);
  });

  it('receives a large state in parts', async () => {
    const { server, use } = start();
    const large = { ...board(), title: 'x'.repeat(200_000) };
    server.states.set(BOARD, large);
    const { data } = use();
    await pass();
    expect(data()).toEqual(large);
  });

  it('is stale during a break, and resumes by patches', async () => {
    const { server, use, targets } = start();
    const { seen } = use();
    await pass();
    server.states.patch(BOARD, move('7', 'doing'));
    await pass();
    server.cut();
    server.states.patch(BOARD, move('7', 'done'));
    await pass(10_000);
    expect(seen).toEqual([
      'live 7todo 8done',
      'live 7doing 8done',
      'stale 7doing 8done',
      'live 7doing 8done',
      'live 7done 8done',
    ]);
    expect(targets().at(-1)).toEqual({ channel: BOARD, lastEventId: expect.stringMatching(/-1$/), state: true });
  });

  it('receives the state again if it cannot resume', async () => {
    const { server, use } = start();
    const { seen } = use();
    await pass();
    server.cut();
    server.forget(BOARD);
    server.states.patch(BOARD, move('7', 'done'));
    await pass(10_000);
    server.states.patch(BOARD, move('8', 'todo'));
    await pass();
    expect(seen).toEqual(['live 7todo 8done', 'stale 7todo 8done', 'live 7done 8done', 'live 7done 8todo']);
  });

  it('resumes from a state that the server sent later', async () => {
    const { server, use, targets } = start();
    const { seen } = use();
    await pass();
    server.forget(BOARD);
    server.states.reload(BOARD);
    await pass();
    server.cut();
    server.states.patch(BOARD, move('7', 'done'));
    await pass(10_000);
    expect(targets().at(-1)?.lastEventId).toBeDefined();
    expect(seen).toEqual([
      'live 7todo 8done',
      'live 7todo 8done',
      'stale 7todo 8done',
      'live 7todo 8done',
      'live 7done 8done',
    ]);
  });

  it('shows why the server cannot load the state, and recovers', async () => {
    const { server, errors, use } = start();
    server.states.fail(BOARD);
    const { resource, seen } = use();
    await pass();
    expect(resource.getSnapshot()).toMatchObject({ status: 'loading', error: { code: 'unavailable', channel: BOARD } });
    server.states.set(BOARD, board());
    await pass();
    server.states.fail(BOARD, 'too_large');
    await pass();
    // A patch says nothing about a state that could not be loaded.
    server.states.patch(BOARD, move('7', 'done'));
    await pass();
    server.states.set(BOARD, board());
    await pass();
    expect(seen).toEqual([
      'loading unavailable',
      'live 7todo 8done',
      'stale 7todo 8done too_large',
      'live 7todo 8done',
    ]);
    expect(errors).toEqual(['unavailable', 'too_large']);
  });

  it('requests the state after a break that ended a failure', async () => {
    const { server, use, targets } = start();
    const { seen } = use();
    await pass();
    server.states.fail(BOARD);
    await pass();
    server.cut();
    server.states.set(BOARD, { cards: {} });
    await pass(10_000);
    expect(targets().at(-1)).toEqual({ channel: BOARD, state: true });
    expect(seen.at(-1)).toBe('live');
  });

  it.each([
    { set: { 'cards/7': 1 } },
    { set: [] },
    { remove: ['/cards', '/cards/7'] },
    { remove: [''] },
    'text',
    null,
    { set: { '/cards/~2': 1 } },
  ])('requests the state after the malformed patch %j', async (bad) => {
    const { server, errors, use } = start();
    const { seen } = use();
    await pass();
    server.publish(BOARD as 'user:1', bad);
    await pass();
    expect(errors).toEqual(['invalid_frame']);
    expect(seen).toEqual(['live 7todo 8done', 'stale 7todo 8done invalid_frame', 'live 7todo 8done']);
    server.states.patch(BOARD, move('7', 'done'));
    await pass();
    expect(seen.at(-1)).toBe('live 7done 8done');
  });

  it('requests the state less and less often if every patch is malformed', async () => {
    const { server, use, targets } = start();
    const { resource } = use();
    await pass();
    for (let second = 0; second < 60; second += 1) {
      server.publish(BOARD as 'user:1', 'malformed');
      await pass(1_000);
    }
    expect(targets().length).toBeGreaterThan(4);
    expect(targets().length).toBeLessThan(10);
    resource.close();
    await pass();
  });

  it.each([
    { id: 1, data: {} },
    { id: 'a-1' },
    { id: 'a-1', part: 2, parts: 2, text: '}' },
    { id: 'a-1', part: 1, parts: 1, text: '{' },
    { id: 'a-1', part: 1, parts: 1 },
    { id: 'a-1', part: 1, parts: 0, text: '{}' },
  ])('requests the state after the malformed state %j', async (fields) => {
    const { server, errors, use } = start();
    const { seen } = use();
    await pass();
    server.send({ type: 'state', channel: BOARD, ...fields } as never);
    await pass();
    expect(errors).toEqual(['invalid_frame']);
    expect(seen.at(-1)).toBe('live 7todo 8done');
  });

  it('ignores the beginning of a state that the next one replaces', async () => {
    const { server, errors, use } = start();
    const { seen } = use();
    await pass();
    server.send({ type: 'state', channel: BOARD, id: 'a-1', part: 1, parts: 2, text: '{"cards"' });
    server.states.reload(BOARD);
    await pass();
    expect([errors, seen.at(-1)]).toEqual([[], 'live 7todo 8done']);
  });

  it('requests the state after an event without its change', async () => {
    const { server, use, targets } = start();
    use();
    await pass();
    const id = `${server.lastEventId(BOARD)!.split('-')[0]}-1`;
    server.send({ type: 'event', channel: BOARD, id, data: { reload: true } }); // not followed by a state
    await pass();
    expect(targets()).toHaveLength(2);
  });

  it('shares a subscription and a state with other uses of the channel', async () => {
    const { server, use, targets } = start();
    const [one, other] = [use(), use()];
    await pass();
    server.states.patch(BOARD, move('7', 'done'));
    await pass();
    expect(other.seen).toEqual(one.seen);
    expect(other.data()).toBe(one.data());
    one.resource.close();
    one.resource.close();
    await pass();
    expect(server.open.at(0)?.stateChannels.size).toBe(1);
    other.resource.close();
    await pass();
    expect([server.open.at(0)?.subscriptions.size, targets().length]).toEqual([0, 1]);
    expect(other.resource.getSnapshot().status).toBe('loading');
  });

  it('keeps its state if a view closes its use and opens another in one step', async () => {
    const { use, targets } = start();
    const first = use();
    await pass();
    first.resource.close();
    const second = use();
    expect(second.data()).toBe(first.data());
    await pass();
    expect([second.resource.getSnapshot().status, targets().length]).toEqual(['live', 1]);
  });

  it('calls a listener no more after its removal, also by another listener', async () => {
    const { server, use } = start();
    const { resource } = use();
    let calls = 0;
    let stop = (): void => undefined;
    resource.subscribe(() => stop());
    stop = resource.subscribe(() => void (calls += 1));
    await pass();
    server.states.patch(BOARD, move('7', 'done'));
    await pass();
    expect(calls).toBe(0);
  });

  it('subscribes a plain channel again, whose listeners receive a reset', async () => {
    const { client, server, use } = start();
    const channel = client.channel<string>(BOARD);
    const received: unknown[] = [];
    channel.on('event', ({ data }) => void received.push(data));
    channel.on('reset', () => void received.push('reset'));
    channel.subscribe();
    await pass();
    server.states.patch(BOARD, move('7', 'doing'));
    await pass();
    const { seen, resource } = use();
    await pass();
    server.states.patch(BOARD, move('7', 'done'));
    await pass();
    expect(seen).toEqual(['live 7doing 8done', 'live 7done 8done']);
    expect(received).toEqual([move('7', 'doing'), 'reset', move('7', 'done')]);
    resource.close();
    await pass();
    expect(channel.state).toBe('subscribed');
  });

  it('gets its state on a channel to which the server subscribed the client', async () => {
    const user = { userId: 'ada', email: null, role: 'user' };
    const { server, seen } = ((all) => ({ ...all, ...all.use() }))(
      start({ autoSubscribe: () => [BOARD], identify: () => ({ user }) }, () => 'ada'),
    );
    await pass();
    server.cut();
    await pass(10_000);
    expect(seen).toEqual(['live 7todo 8done', 'stale 7todo 8done', 'live 7todo 8done']);
  });

  it('drops its state when the user loses access', async () => {
    let isAllowed = true;
    const { client, server, use } = start({ refuse: () => (isAllowed ? null : 'forbidden') }, () => 'ada');
    const { resource, seen } = use();
    await pass();
    isAllowed = false;
    await client.reauthenticate();
    await pass();
    expect(resource.getSnapshot()).toMatchObject({ data: undefined, error: { code: 'forbidden' } });
    isAllowed = true;
    server.cut();
    await pass(10_000);
    expect(seen).toEqual(['live 7todo 8done', 'refused forbidden', 'loading', 'live 7todo 8done']);
  });

  it('is refused by a server that ends the subscription', async () => {
    const { server, use } = start({}, () => 'ada');
    const { seen } = use();
    await pass();
    server.unsubscribe('ada', BOARD);
    await pass();
    expect(seen).toEqual(['live 7todo 8done', 'refused forbidden']);
  });

  it('is refused if the channel is not a live resource', async () => {
    const { client, errors } = start();
    const resource = live<string>(client, 'apps:created');
    await pass();
    expect(resource.getSnapshot()).toMatchObject({ status: 'refused', error: { code: 'invalid_message' } });
    expect(errors).toEqual(['invalid_message']);
  });

  it('is refused by a server that does not know live resources', async () => {
    const { client, server } = start();
    class OldSocket extends server.WebSocket {
      override send(text: string): void {
        super.send(text.replace(',"state":true', ''));
      }
    }
    const old = begin({ WebSocket: OldSocket }, server).client;
    const resource = live<string>(old, BOARD);
    await pass();
    expect(resource.getSnapshot()).toMatchObject({
      status: 'refused',
      error: { code: 'unknown_channel', message: `${BOARD} is not a live resource` },
    });
    expect(client.state).toBe('idle');
  });

  it('drops its state when the client continues as another user', async () => {
    let user: string | null = 'ada';
    const { client, server, use } = start({}, () => user);
    const { seen } = use();
    await pass();
    user = 'grace';
    await client.reauthenticate();
    await pass(10_000);
    user = null;
    await client.reauthenticate();
    server.states.patch(BOARD, move('7', 'done'));
    await pass(10_000);
    expect(seen).toEqual([
      'live 7todo 8done',
      'stale 7todo 8done',
      'loading',
      'live 7todo 8done',
      'stale 7todo 8done',
      'loading',
      'live 7done 8done',
    ]);
  });

  it('drops its state when the application closes the client', async () => {
    const { client, use } = start({}, () => 'ada');
    const { resource, seen } = use();
    await pass();
    client.close();
    expect(resource.getSnapshot()).toEqual({ data: undefined, status: 'loading' });
    client.connect();
    await pass();
    expect(seen.at(-1)).toBe('live 7todo 8done');
  });

  it('contains the change of a command once the command is settled', async () => {
    const { client, server, use } = start({
      commands: { move: (_: unknown, running: FakeCall) => running.publish(BOARD, move('7', 'done')) },
    });
    const { seen } = use();
    await pass();
    await call<string>(client, 'move').settled;
    expect(seen.at(-1)).toBe('live 7done 8done');
    expect(server.open).toHaveLength(1);
  });

  it('throws for a name that is not a channel', () => {
    const { client } = start();
    expect(() => live<string>(client, 'no channel')).toThrow('is not the name of a channel');
  });
});
