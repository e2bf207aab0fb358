import { pass, virtualClients } from '../../test/support/virtual-client.js';

describe('a request', () => {
  const begin = virtualClients();

  it('with an aborted signal is not sent', async () => {
    const { client, server } = begin();
    client.connect();
    await pass();
    const abort = new AbortController();
    abort.abort(new Error('mine'));
    await expect(client.request({ type: 'ping' }, { signal: abort.signal })).rejects.toThrow('mine');
    await pass();
    expect(server.connections[0]?.received).toEqual([]);
  });

  it.each([Number.NaN, Infinity, '5', 2.5e9])('treats a timeoutMs of %p as the default or the maximum', async (ms) => {
    const { client, server } = begin();
    client.connect();
    await pass();
    server.silence();
    let outcome = 'waits';
    client.request({ type: 'ping' }, { timeoutMs: ms as number }).catch(() => (outcome = 'failed'));
    await pass(9_000);
    expect(outcome).toBe('waits');
    client.close();
    await pass();
  });

  it('that was refused is not the reason of a later lost connection', async () => {
    const { client, server } = begin();
    client.connect();
    await pass();
    const answer = client.request({ type: 'stats' });
    await expect(answer).rejects.toMatchObject({ code: 'forbidden' });
    server.close(1001, 'going away');
    await pass();
    expect(client.change).toMatchObject({ code: 'lost', reason: 'going away' });
  });
});
