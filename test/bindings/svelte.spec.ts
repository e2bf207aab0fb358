import { FakeRealtimeServer } from '../../src/testing/index.js';
import type * as Mounting from './pages/svelte.js';
import type * as Rendering from './pages/svelte-server.js';
import type { Given } from './support/binding.js';
import { bundled } from './support/bundled.js';
import { describeBinding } from './support/suite.js';

let mounting: Promise<typeof Mounting> | undefined;
const load = () => (mounting ??= bundled<typeof Mounting>('test/bindings/pages/svelte.ts'));

async function renderOnServer(given: Given): Promise<string> {
  const page = await bundled<typeof Rendering>('test/bindings/pages/svelte-server.ts', 'server');
  return page.render(given);
}

describeBinding('Svelte, with runes', async () => ({ ...(await load()).runes, renderOnServer }));
describeBinding('Svelte, with stores', async () => ({ ...(await load()).stores, renderOnServer }));

it('keeps a value of Svelte up to date until its last user leaves', async () => {
  const { createRealtimeClient, eventsOf } = await load();
  const server = new FakeRealtimeServer();
  const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket });
  const events = eventsOf(client);
  const channel = client.channel('apps:created');
  expect([events.current, channel.users]).toEqual([[], 0]);
  const leave = [events.subscribe(() => undefined), events.subscribe(() => undefined)];
  expect(channel.users).toBe(1);
  leave[0]!();
  leave[0]!(); // has no effect
  expect(channel.users).toBe(1);
  leave[1]!();
  expect(channel.users).toBe(0);
  client.close();
});
