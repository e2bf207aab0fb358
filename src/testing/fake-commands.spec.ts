import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { callByName } from '../../test/support/call-by-name.js';
import type { FakeCall } from './index.js';

describe('the commands of a fake server', () => {
  const begin = virtualClients();

  it.each<[string, (running: FakeCall) => unknown]>([
    ['a result', () => ({ big: 1n })],
    ['progress', (running) => running.progress({ big: 1n })],
    ['an event', (running) => running.publish('apps:updated', { big: 1n })],
    ['an event of an outbox', (running) => running.publishLater('apps:updated', { big: 1n })],
  ])('answer %s that is not JSON with `internal`', async (_, handler) => {
    const commands = { any: (_input: unknown, running: FakeCall) => handler(running) };
    const { client } = begin({}, { commands });
    client.connect();
    await pass();
    await expect(callByName(client, 'any')).rejects.toMatchObject({ code: 'internal' });
  });

  it('refuse the id of a call of another command', async () => {
    const { client } = begin({ getToken: () => 'ada' }, { commands: { one: () => 1, two: () => 2 } });
    client.connect();
    await pass();
    expect(await callByName(client, 'one', {}, { callId: 'mine' })).toBe(1);
    await expect(callByName(client, 'two', {}, { callId: 'mine' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await callByName(client, 'one', {}, { callId: 'mine' })).toBe(1);
  });
});
