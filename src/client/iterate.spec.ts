import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { events, type RealtimeError } from './index.js';

const app = (name: string) => ({ id: name, name });
const END = { value: undefined, done: true };

describe('an iterator of events', () => {
  const begin = virtualClients();

  it('never subscribes if returned before its first step, and stays done', async () => {
    const { client, server } = begin();
    const iterator = events(client.channel('apps:created'))[Symbol.asyncIterator]();
    expect(await iterator.return?.('value')).toEqual({ value: 'value', done: true });
    expect(await iterator.next()).toEqual(END);
    await pass();
    expect(server.connections).toEqual([]);
  });

  it('resolves concurrent steps in order, and ends them all when the client is closed', async () => {
    const { client, server } = begin();
    const iterator = events(client.channel('apps:created'))[Symbol.asyncIterator]();
    const steps = [iterator.next(), iterator.next(), iterator.next()];
    await pass();
    for (const name of ['one', 'two', 'three', 'four']) server.publish('apps:created', app(name));
    await pass();
    const received = await Promise.all([...steps, iterator.next()]);
    expect(received.map(({ value }) => (value as { data: { name: string } }).data.name)).toEqual([
      'one',
      'two',
      'three',
      'four',
    ]);
    const last = [iterator.next(), iterator.next()];
    client.close();
    expect(await Promise.all([...last, iterator.next()])).toEqual([END, END, END]);
  });

  it('rejects the first of concurrent steps with the refusal', async () => {
    const { client } = begin({}, { refuse: () => 'forbidden' });
    const iterator = events(client.channel('apps:created'))[Symbol.asyncIterator]();
    const steps = [iterator.next().catch(({ code }: RealtimeError) => code), iterator.next()];
    await pass();
    expect(await Promise.all(steps)).toEqual(['forbidden', END]);
  });

  it('ends with an error passed to throw(), as through `yield*`', async () => {
    const { client } = begin();
    const channel = client.channel('apps:created');
    async function* generator() {
      yield* events(channel);
    }
    const iterator = events(channel)[Symbol.asyncIterator]();
    const step = iterator.next();
    await pass();
    await expect(iterator.throw?.(new Error('mine'))).rejects.toThrow('mine');
    expect(await step).toEqual(END);
    expect(channel.users).toBe(0);
    await expect(generator().throw(new Error('before the first step'))).rejects.toThrow('before the first step');
  });
});
