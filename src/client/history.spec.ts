import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { history } from './index.js';

const app = (name: string) => ({ id: name, name });

describe('a channel with last', () => {
  const begin = virtualClients();

  function start(options: Parameters<typeof begin>[1] = {}) {
    const { client, server } = begin({}, options);
    const channel = client.channel('apps:created');
    const seen: string[] = [];
    channel.on('event', ({ data }) => void seen.push(data.name));
    channel.on('reset', ({ reason }) => void seen.push(reason));
    const publish = (...names: string[]) => names.forEach((name) => void server.publish('apps:created', app(name)));
    return { client, server, channel, seen, publish };
  }

  it('receives the last events, then live events, and resumes after a break', async () => {
    const { server, channel, seen, publish } = start();
    publish('one', 'two', 'three');
    channel.subscribe({ last: 2 });
    await pass();
    publish('four');
    await pass();
    server.cut();
    publish('five');
    await pass(10_000);
    expect(seen).toEqual(['two', 'three', 'four', 'five']);
  });

  it('receives a reset and the last events if it cannot resume', async () => {
    const { server, channel, seen, publish } = start();
    publish('one');
    channel.subscribe({ last: 2 });
    await pass();
    server.cut();
    server.forget('apps:created');
    publish('two', 'three', 'four');
    await pass(10_000);
    expect(seen).toEqual(['one', 'unknown_epoch', 'three', 'four']);
  });

  it('resumes with after, if the server knows it', async () => {
    const { server, channel, seen, publish } = start();
    const after = server.publish('apps:created', app('one'));
    publish('two', 'three', 'four');
    channel.subscribe({ after, last: 1 });
    await pass();
    expect(seen).toEqual(['two', 'three', 'four']);
  });

  it('receives nothing of a channel without history', async () => {
    const { channel, seen, publish } = start({ historySize: 0 });
    publish('one');
    channel.subscribe({ last: 2 });
    await pass();
    publish('two');
    await pass();
    expect(seen).toEqual(['two']);
  });

  it.each([0, -1, Number.NaN, '5x', null, 1e12, Infinity])('treats %p as a number or as no number', async (last) => {
    const { client, server, channel, seen, publish } = start();
    publish('one');
    const errors: unknown[] = [];
    client.on('error', (error) => void errors.push(error));
    client.channel('apps:updated').subscribe();
    channel.subscribe({ last: last as number });
    await pass();
    publish('two');
    await pass();
    expect(errors).toEqual([]);
    expect(seen.at(-1)).toBe('two');
    expect(server.open.at(0)?.subscriptions.size).toBe(2);
  });

  it('belongs to the first subscriber', async () => {
    const { channel, seen, publish } = start();
    publish('one', 'two');
    channel.subscribe();
    channel.subscribe({ last: 2 });
    await pass();
    expect(seen).toEqual([]);
  });
});

describe('history', () => {
  const begin = virtualClients();

  async function connected(options: Parameters<typeof begin>[1] = {}) {
    const { client, server } = begin({}, options);
    client.connect();
    await pass();
    return { client, server };
  }

  it('returns pages of events, oldest first', async () => {
    const { client, server } = await connected();
    const sent = ['a', 'b', 'c'].map((name) => server.publish('apps:created', app(name)));
    const page = await history(client, 'apps:created', { limit: 2 });
    expect(page).toMatchObject({ more: true, events: [{ channel: 'apps:created', data: app('b'), id: sent[1] }, {}] });
    expect(page.events[0]).not.toHaveProperty('type');
    const older = await history(client, 'apps:created', { limit: 2, before: page.events[0]?.id });
    expect(older).toMatchObject({ more: false, events: [{ data: app('a'), timestamp: expect.any(String) }] });
    expect(client.channel('apps:created').state).toBe('unsubscribed');
  });

  it('gives the reason if there are none', async () => {
    const { client } = await connected();
    expect(await history(client, 'apps:created', { before: 'lost-1' })).toMatchObject({
      events: [],
      reason: 'unknown_epoch',
    });
    const bare = await connected({ historySize: 0 });
    expect(await history(bare.client, 'apps:created')).toMatchObject({ events: [], reason: 'no_history' });
  });

  it('rejects with the error of the server', async () => {
    const { client } = await connected({ refuse: () => 'forbidden' });
    await expect(history(client, 'apps:created')).rejects.toMatchObject({ code: 'forbidden', channel: 'apps:created' });
  });

  it.each([
    { events: 'none', more: false },
    { events: [], more: 1 },
    { events: [null], more: false },
    { events: [{ type: 'event', channel: 'apps:created', timestamp: 't' }], more: false },
    { events: [{ type: 'pong' }], more: false },
    {},
  ])('rejects an answer that is not a history: %j', async (fields) => {
    const { client, server } = await connected();
    server.open.at(0)!.isSilent = true;
    const answer = history(client, 'apps:created');
    server.open.at(0)!.isSilent = false;
    server.send({ type: 'history', channel: 'apps:created', ref: 'r1', ...fields } as never);
    await expect(answer).rejects.toMatchObject({ code: 'invalid_frame', channel: 'apps:created' });
  });
});
