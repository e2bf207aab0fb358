import { Controller, Injectable, Post, Query, UseInterceptors } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Expose } from 'class-transformer';
import { IsString } from 'class-validator';
import { FEATURES, type ServerFrame } from '../../src/protocol/index.js';
import {
  Connection,
  EventsPublisher,
  InvalidEventError,
  RedisBridge,
  SenderInterceptor,
} from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';

class Task {
  @IsString()
  title!: string;

  @Expose({ groups: ['admin'] })
  @IsString()
  cost!: string;
}

const CHANNELS = [
  { name: 'tasks:{id}', access: 'authenticated' },
  { name: 'costs:{id}', access: 'authenticated', data: Task },
  { name: 'cursors:{id}', access: 'authenticated', history: false },
] as const;

@Injectable()
class Tasks {
  constructor(private readonly events: EventsPublisher) {}

  async rename(channel: string, isForAll: boolean): Promise<void> {
    await new Promise((resolve) => void setImmediate(resolve));
    await this.events.publish(channel, { title: 'renamed' }, isForAll ? { except: null } : {});
  }
}

@Controller('tasks')
@UseInterceptors(SenderInterceptor)
class TasksController {
  constructor(private readonly tasks: Tasks) {}

  @Post()
  rename(@Query('channel') channel: string, @Query('all') all?: string): Promise<void> {
    return this.tasks.rename(channel, all !== undefined);
  }
}

@WebSocketGateway({ path: '/ws' })
class TasksGateway {
  constructor(
    private readonly events: EventsPublisher,
    private readonly tasks: Tasks,
  ) {}

  @SubscribeMessage('rename')
  async rename(connection: Connection, { channel }: { channel: string }): Promise<void> {
    await this.events.publish(channel, { title: 'renamed' }, { except: connection.senderId });
  }

  @UseInterceptors(SenderInterceptor)
  @SubscribeMessage('rename by interceptor')
  async intercepted(_connection: Connection, { channel }: { channel: string }): Promise<void> {
    await this.tasks.rename(channel, false);
  }
}

const idOf = (client: WsClient): string =>
  (client.frames.find(({ type }) => type === 'connected') as { connectionId: string }).connectionId;
const titlesOf = (client: WsClient): unknown[] =>
  client.frames.flatMap((frame) => (frame.type === 'event' ? [(frame.data as { title: unknown }).title] : []));

describe.each(['memory', 'Redis'])('events with `except` over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  /** The instance of the clients: another one than that which emits, if there are two. */
  let there: RealtimeApp;
  let channel: string;
  let sender: WsClient;
  let other: WsClient;
  let topics = 0;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    const options = { channels: [...CHANNELS], ...(redis !== null && { redis: { url: redis.url } }) };
    const boot = { controllers: [TasksController], providers: [Tasks, TasksGateway] };
    here = await RealtimeApp.start({ ...options, publishApi: true }, boot);
    there = redis === null ? here : await RealtimeApp.start(options, boot);
    await isUp();
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });
  beforeEach(async () => {
    topics += 1;
    channel = `tasks:${topics}`;
    [sender, other] = [await there.connectAs({ sub: 'ann' }), await there.connectAs({ sub: 'ben' })];
    for (const client of [sender, other]) await client.ask({ type: 'subscribe', channel });
  });
  afterEach(async () => {
    await sender.close();
    await other.close();
  });

  const isUp = () => until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  const emit = (title: string, except?: string, to = channel) =>
    here.events.publish(to, { title, cost: '1' }, except === undefined ? {} : { except });
  /** Waits until both clients have received everything that was emitted before. */
  const settle = async (...clients: WsClient[]): Promise<void> => {
    await emit('end');
    for (const client of clients) await client.next('event', ({ data }) => (data as Task).title === 'end');
  };
  const call = (headers: Record<string, string>, query = ''): Promise<Response> =>
    fetch(`${here.http}/tasks?channel=${channel}${query}`, { method: 'POST', headers });
  const resume = async (lastEventId: string, earlier?: string, where = there): Promise<WsClient> => {
    const client = await where.connectAs({ sub: 'ann' });
    const connectionId = earlier === undefined ? {} : { connectionId: earlier };
    await client.ask({ type: 'subscribe', channel, lastEventId, ...connectionId });
    return client;
  };

  it('are announced as a feature', () => {
    expect(FEATURES).toContain('except');
  });

  it('reach every connection but this one, and keep their positions', async () => {
    const before = await emit('before');
    const mine = await emit('mine', idOf(sender));
    await settle(sender, other);
    expect(titlesOf(sender)).toEqual(['before', 'end']);
    expect(titlesOf(other)).toEqual(['before', 'mine', 'end']);
    const offsets = [before, mine].map(({ id }) => Number(id.split('-')[1]));
    expect(offsets).toEqual([1, 2]);
  });

  it('reach another tab of the same user', async () => {
    const tab = await there.connectAs({ sub: 'ann' });
    await tab.ask({ type: 'subscribe', channel });
    await emit('mine', idOf(sender));
    await settle(tab);
    expect(titlesOf(tab)).toEqual(['mine', 'end']);
    await tab.close();
  });

  it('do not carry the id of the connection to clients', async () => {
    await emit('mine', idOf(sender));
    const frame = await other.next('event');
    expect(Object.keys(frame).toSorted()).toEqual(['channel', 'data', 'id', 'timestamp', 'type']);
    expect(JSON.stringify(frame)).not.toContain(idOf(sender));
  });

  it('are left out on a channel without history, and with restricted fields', async () => {
    for (const name of [`cursors:${topics}`, `costs:${topics}`]) {
      for (const client of [sender, other]) await client.ask({ type: 'subscribe', channel: name });
      await emit('mine', idOf(sender), name);
      await emit('next', undefined, name);
      for (const client of [sender, other]) await client.next('event', ({ data }) => (data as Task).title === 'next');
    }
    expect(titlesOf(sender)).toEqual(['next', 'next']);
    expect(titlesOf(other)).toEqual(['mine', 'next', 'mine', 'next']);
    expect(other.frames.filter((frame) => frame.type === 'event' && frame.channel === `costs:${topics}`)).toMatchObject(
      [{ data: { title: 'mine' } }, { data: { title: 'next' } }],
    );
  });

  it('are left out of a replay if the client names its earlier connection, after each break', async () => {
    const { id } = await emit('seen');
    const earlier = idOf(sender);
    await sender.close();
    await emit('mine', earlier);
    await emit('of another', 'some-other-connection');
    const second = await resume(id, earlier);
    await emit('mine, live', earlier);
    await settle(second);
    second.terminate(); // as if its instance was killed
    const third = await resume(id, earlier, here);
    await until(() => titlesOf(third).includes('end'));
    expect([second, third].map(titlesOf)).toEqual([
      ['of another', 'end'],
      ['of another', 'end'],
    ]);
    const stranger = await resume(id);
    await until(() => titlesOf(stranger).includes('end'));
    expect(titlesOf(stranger)).toEqual(['mine', 'of another', 'mine, live', 'end']);
    for (const client of [third, stranger]) await client.close();
  });

  it('are part of a rewind and of a history page, because they are the state', async () => {
    await emit('mine', idOf(sender));
    await emit('next');
    await sender.ask({ type: 'unsubscribe', channel });
    const answer = await sender.ask({ type: 'subscribe', channel, last: 10 });
    expect(answer).toMatchObject({ rewound: 2 });
    await emit('mine, later', idOf(sender));
    await settle(sender);
    expect(titlesOf(sender).slice(-3)).toEqual(['mine', 'next', 'end']);
    const page = (await sender.ask({ type: 'history', channel })) as Extract<ServerFrame, { type: 'history' }>;
    expect(page.events.map(({ data }) => (data as Task).title)).toEqual(['mine', 'next', 'mine, later', 'end']);
  });

  it('refuse a frame whose connectionId cannot be one', async () => {
    for (const connectionId of [5, '', 'a b', 'x'.repeat(65)]) {
      const answer = await sender.ask({ type: 'subscribe', channel, connectionId });
      expect(answer).toMatchObject({ code: 'invalid_message', details: [{ field: 'connectionId' }] });
    }
  });

  describe('of a request with X-Connection-Id', () => {
    const as = (sub: string, connectionId: string): Record<string, string> => ({
      authorization: `Bearer ${signToken({ sub })}`,
      'x-connection-id': connectionId,
    });

    it('leave out the connection of its user, also after a reconnect', async () => {
      const { id } = await emit('seen');
      expect((await call(as('ann', idOf(sender)))).status).toBe(201);
      await settle(sender, other);
      expect(titlesOf(sender)).toEqual(['seen', 'end']);
      expect(titlesOf(other)).toEqual(['seen', 'renamed', 'end']);
      const again = await resume(id, idOf(sender));
      await until(() => titlesOf(again).includes('end'));
      expect(titlesOf(again)).toEqual(['end']);
      await again.close();
    });

    it('reach the connection of another user whose id was forged, live and in its replay', async () => {
      const { id } = await emit('seen');
      await call(as('ben', idOf(sender)));
      await settle(sender);
      expect(titlesOf(sender)).toEqual(['seen', 'renamed', 'end']);
      const again = await resume(id, idOf(sender));
      await until(() => titlesOf(again).includes('end'));
      expect(titlesOf(again)).toEqual(['renamed', 'end']);
      await again.close();
    });

    it('reach all without a token, with an id that cannot be one, and with `except: null`', async () => {
      await call({ 'x-connection-id': idOf(sender) });
      await call(as('ann', `${idOf(sender)}:x`));
      await call(as('ann', idOf(sender)), '&all');
      await settle(sender);
      expect(titlesOf(sender)).toEqual(['renamed', 'renamed', 'renamed', 'end']);
    });

    it('answer 401 for an invalid token', async () => {
      const { status } = await call({ 'x-connection-id': idOf(sender), authorization: 'Bearer x' });
      expect(status).toBe(401);
    });
  });

  describe.each(['rename', 'rename by interceptor'])('of a message %j', (type) => {
    it('leave out its client, also after a reconnect', async () => {
      const { id } = await emit('seen');
      const second = await resume(id, idOf(sender));
      second.send({ type, data: { channel } });
      await other.next('event', ({ data }) => (data as Task).title === 'renamed');
      await settle(sender, second);
      expect([sender, second].map(titlesOf)).toEqual([['seen', 'end'], ['end']]);
      await second.close();
    });

    it('reach the client of another user that was named as the earlier connection', async () => {
      await other.ask({ type: 'subscribe', channel: `cursors:${topics}`, connectionId: idOf(sender) });
      other.send({ type, data: { channel } });
      await sender.next('event', ({ data }) => (data as Task).title === 'renamed');
      await settle(other);
      expect(titlesOf(other)).toEqual(['end']);
    });
  });

  describe('to several channels', () => {
    const channels = (...names: string[]) => names.map((name) => `${name}:${topics}`) as never[];
    const post = async (body: object): Promise<{ status: number; answer: unknown }> => {
      const authorization = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;
      const headers = { 'content-type': 'application/json', authorization };
      const response = await fetch(`${here.http}/realtime/events`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, answer: await response.json() };
    };

    it('reach all of them, each once, with a result per channel', async () => {
      for (const client of [sender, other]) await client.ask({ type: 'subscribe', channel: `cursors:${topics}` });
      const names = channels('tasks', 'cursors', 'tasks');
      const results = await here.events.emit(names, { title: 'both' } as never, { except: idOf(sender) });
      expect(results.map((result) => result.channel)).toEqual([channel, `cursors:${topics}`]);
      await other.next('event', (frame) => frame.channel === `cursors:${topics}`);
      await settle(sender, other);
      expect(titlesOf(other).filter((title) => title === 'both')).toHaveLength(2);
      expect(titlesOf(other)).toHaveLength(3);
      expect(titlesOf(sender)).toEqual(['end']);
      await expect(here.events.emit([], {} as never)).resolves.toEqual([]);
    });

    it('reach none if one refuses the event', async () => {
      const refused = here.events.emit(channels('tasks', 'costs'), { title: 5 } as never);
      await expect(refused).rejects.toThrow(InvalidEventError);
      await expect(refused).rejects.toMatchObject({ field: 'channels[1].data' });
      const unknown = here.events.emit(channels('tasks', 'none'), {} as never);
      await expect(unknown).rejects.toMatchObject({ field: 'channels[1]' });
      expect(() => here.events.afterCommit(channels('tasks', 'none'), {} as never)).toThrow('channels[1]');
      await settle(other);
      expect(titlesOf(other)).toEqual(['end']);
    });

    it('wait for the commit of a transaction', async () => {
      await here.events.transaction(async () => here.events.afterCommit(channels('tasks'), { title: 'done' } as never));
      const rolledBack = here.events.transaction(async () => {
        here.events.afterCommit(channels('tasks'), { title: 'undone' } as never);
        throw new Error('rolled back');
      });
      await expect(rolledBack).rejects.toThrow('rolled back');
      await settle(other);
      expect(titlesOf(other)).toEqual(['done', 'end']);
    });

    it('are published over HTTP as one list, or not at all', async () => {
      const data = { title: 'both', cost: '1' };
      const good = await post({ channels: [channel, `costs:${topics}`, channel], data, except: idOf(sender) });
      expect(good).toMatchObject({ status: 201, answer: [{ channel }, { channel: `costs:${topics}` }] });
      expect(good.answer).toHaveLength(2);
      const bad = await post([{ channels: [channel, `costs:${topics}`, 'none'], data: { title: 'bad' } }]);
      expect(bad).toMatchObject({
        status: 400,
        answer: { details: [{ field: '[0].channels[1].data' }, { field: '[0].channels[2]' }] },
      });
      const malformed = await post({ channel, data, except: 'a b' });
      expect(malformed).toMatchObject({ status: 400, answer: { details: [{ field: 'except' }] } });
      await settle(sender, other);
      expect(titlesOf(other)).toEqual(['both', 'end']);
      expect(titlesOf(sender)).toEqual(['end']);
    });
  });

  it('with `conflate` reach a slow client once per key, with its newest value, and a quick client each time', async () => {
    const name = `cursors:${topics}`;
    for (const client of [sender, other]) await client.ask({ type: 'subscribe', channel: name });
    const connection = there.registry.get(idOf(sender))!;
    sender.socket.pause();
    let count = 0;
    const move = async (): Promise<void> => {
      await new Promise((resolve) => void setImmediate(resolve));
      count += 1;
      const data = { title: count, padding: 'x'.repeat(10_000) };
      await here.events.publish(name, data, { conflate: `key ${count % 3}` });
    };
    // The network takes some megabytes before anything waits.
    while (connection.sendBuffer.bufferedBytes < 40_000 && count < 5_000) await move();
    const before = count;
    while (count < before + 300) await move();
    await other.next('event', ({ data }) => (data as { title: unknown }).title === count);
    expect(connection.sendBuffer.bufferedBytes).toBeLessThan(400_000);
    sender.socket.resume();
    await sender.next('event', ({ data }) => (data as { title: unknown }).title === count);
    const received = titlesOf(sender) as number[];
    expect(received.slice(-3)).toEqual([count - 2, count - 1, count]);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(received.length).toBeLessThan(before + 100);
    expect(titlesOf(other)).toHaveLength(count);
  });

  it('with `conflate` that wait for a slow client are not sent after it unsubscribed', async () => {
    const name = `cursors:${topics}`;
    await sender.ask({ type: 'subscribe', channel: name });
    const connection = there.registry.get(idOf(sender))!;
    sender.socket.pause();
    const padding = 'x'.repeat(10_000);
    while (connection.sendBuffer.bufferedBytes < 20_000) {
      await new Promise((resolve) => void setImmediate(resolve));
      await here.events.publish(name, { title: 'sent', padding }, { conflate: 'k' });
    }
    const waiting = connection.sendBuffer.bufferedBytes;
    await here.events.publish(name, { title: 'waits' }, { conflate: 'other' });
    await until(() => connection.sendBuffer.bufferedBytes > waiting);
    sender.send({ type: 'unsubscribe', channel: name });
    await until(() => !connection.subscriptions.has(name));
    sender.socket.resume();
    await sender.next('unsubscribed');
    await sender.fence();
    expect(titlesOf(sender)).not.toContain('waits');
  });

  it('with `conflate` are refused on a channel with history, and with a key that cannot be one', async () => {
    const problemOf = (to: string, conflate: unknown): Promise<unknown> =>
      here.events.publish(to, {}, { conflate: conflate as string }).catch((error: unknown) => error);
    const problem: unknown = expect.stringContaining('history');
    expect(await problemOf(channel, 'k')).toMatchObject({ field: 'conflate', problem });
    for (const key of ['', 5, 'x'.repeat(201), '\ud800']) {
      expect(await problemOf(`cursors:${topics}`, key)).toMatchObject({ field: 'conflate' });
    }
  });

  if (engine === 'Redis') {
    it('leave out their connection after Redis was killed and restarted', async () => {
      await settle(sender, other);
      await redis!.restart();
      await isUp();
      for (const client of [sender, other]) await client.next('resync');
      await here.events.emit(
        [channel, `cursors:${topics}`] as never[],
        { title: 'mine' },
        {
          except: idOf(sender),
        },
      );
      await settle(sender, other);
      expect([titlesOf(sender), titlesOf(other)]).toEqual([
        ['end', 'end'],
        ['end', 'mine', 'end'],
      ]);
    });
  }
});
