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
