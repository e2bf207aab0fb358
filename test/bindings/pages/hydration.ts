// Makes a page that a server has rendered interactive, after its client has connected.
import { createSSRApp, defineComponent, h } from 'vue';
import { createRealtimeClient } from '../../../src/client/index.js';
import { createRealtimePlugin, useConnectionState, useEvents, useIdentity } from '../../../src/vue/index.js';

/** Rendered by the server, and in the page. */
export const Greeting = defineComponent(() => {
  const [connection, identity, events] = [useConnectionState(), useIdentity(), useEvents('announcements')];
  return () =>
    h('p', { title: connection.value.reason }, [
      `${connection.value.state}, ${identity.value?.user?.userId ?? 'no user'}, ${events.value.length} events`,
    ]);
});

const hydration = {
  async hydrate(html: string, url: string, token: string): Promise<void> {
    const main = document.body.appendChild(document.createElement('main'));
    main.innerHTML = html;
    const client = createRealtimeClient({ url, token });
    const connected = new Promise<void>((resolve) =>
      client.on('identity', (identity) => {
        if (identity !== null) resolve();
      }),
    );
    client.connect();
    await connected;
    createSSRApp(Greeting).use(createRealtimePlugin(client)).mount(main);
  },
};

export type Hydration = typeof hydration;

Object.assign(globalThis, { hydration });
