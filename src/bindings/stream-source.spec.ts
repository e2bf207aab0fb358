import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { NO_STREAM, streamSource } from './stream-source.js';

const LOG = 'deployments:7:log';

describe('the stream of a component', () => {
  const begin = virtualClients();

  it('is the same object until something changes', async () => {
    const { client, server } = begin({}, { streams: [LOG] });
    const writer = server.openStream(LOG);
    const source = streamSource(LOG);
    expect(source.read(client)).toBe(source.read(client));
    let changes = 0;
    const stop = source.listen(client, () => (changes += 1));
    writer.write('text');
    await pass(100);
    const shown = source.read(client);
    expect(shown).toMatchObject({ text: 'text', state: 'open' });
    expect(streamSource(LOG).read(client)).toBe(shown);
    expect(changes).toBeGreaterThan(0);
    stop();
    await pass();
    expect([...server.open[0]!.subscriptions]).toEqual([]);
    expect(source.read(client)).toMatchObject({ text: '', state: 'loading' });
  });

  it('is subscribed once if a component is recreated in one step', async () => {
    const { client, server } = begin({}, { streams: [LOG] });
    server.openStream(LOG).write('text');
    const source = streamSource(LOG);
    const first = source.listen(client, () => undefined);
    await pass();
    first();
    const second = source.listen(client, () => undefined);
    await pass();
    expect(source.read(client).text).toBe('text');
    expect(server.open[0]!.received.map(({ type }) => type)).toEqual(['subscribe']);
    second();
    await pass();
  });

  it('can be cancelled', async () => {
    const { client, server } = begin({}, { streams: [LOG] });
    const writer = server.openStream(LOG);
    const source = streamSource(LOG);
    const stop = source.listen(client, () => undefined);
    await pass();
    await Promise.all([source.read(client).cancel(), pass()]);
    expect([writer.signal.aborted, source.read(client).state]).toEqual([true, 'cancelled']);
    stop();
    await pass();
  });

  it('is refused, and reported, for an invalid name', async () => {
    const { client, errors } = begin();
    const source = streamSource('not a channel');
    source.listen(client, () => undefined)();
    expect(source.read(client)).toMatchObject({ state: 'refused', error: { code: 'invalid_channel' } });
    expect(source.read(client)).toBe(source.read(client));
    expect(errors).toEqual(['invalid_channel']);
    await expect(NO_STREAM.cancel()).rejects.toThrow('No stream is shown');
  });
});
