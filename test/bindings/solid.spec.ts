import { createComponent } from 'solid-js';
import { renderToString } from 'solid-js/web';
import { RealtimeProvider } from '../../src/solid/index.js';
import { use, type solid } from './pages/solid.js';
import type { Given } from './support/binding.js';
import { bundled } from './support/bundled.js';
import { describeBinding } from './support/suite.js';

async function renderOnServer(given: Given): Promise<string> {
  const parts = ['channel', 'events', 'presence', 'occupancy', 'history', 'live'] as const;
  const All = () => parts.map((part) => use(part, () => given, {})()).join('; ');
  return renderToString(() =>
    createComponent(RealtimeProvider, {
      client: given.client,
      get children() {
        return createComponent(All, {});
      },
    }),
  );
}

describeBinding('Solid', async () => ({
  ...(await bundled<{ solid: typeof solid }>('test/bindings/pages/solid.ts')).solid,
  renderOnServer,
}));
