import { createApp, defineComponent, effectScope, h, ref, watch, type Component } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { createRealtimeClient } from '../../src/client/index.js';
import { FakeRealtimeServer } from '../../src/testing/index.js';
import { createRealtimePlugin, provideRealtime, useEvents, useRealtimeClient } from '../../src/vue/index.js';
import { describeBinding } from './support/suite.js';
import { vue } from './support/vue.js';

describeBinding('Vue', () => vue);

describe('the composables for Vue', () => {
  const client = () => {
    const server = new FakeRealtimeServer();
    return { server, client: createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket }) };
  };
  const appWith = (root: Component) => createApp(root);

  it('use the client of the nearest component that provides one, also in that component', async () => {
    const [ofPlugin, ofParent] = [client().client, client().client];
    const found: unknown[] = [];
    const Child = defineComponent(() => {
      found.push(useRealtimeClient());
      return () => h('p');
    });
    const Parent = defineComponent(() => {
      found.push(useRealtimeClient());
      provideRealtime(ref(ofParent));
      found.push(useRealtimeClient());
      return () => h(Child);
    });
    await renderToString(appWith(Parent).use(createRealtimePlugin(ofPlugin)));
    expect(found).toEqual([ofPlugin, ofParent, ofParent]);
    expect(found[1]).toBe(ofParent); // not a proxy, which Vue makes of an object in a ref
    expect(found[2]).toBe(ofParent);
  });

  it('subscribe at once in a scope outside of a component, until the scope ends', async () => {
    const { client: given, server } = client();
    const app = appWith(defineComponent(() => () => null)).use(createRealtimePlugin(given));
    const scope = effectScope();
    const reached = (wanted: string) =>
      new Promise<void>((resolve) =>
        given.channel('apps:created').on('state', ({ state }) => {
          if (state === wanted) resolve();
        }),
      );
    const subscribed = reached('subscribed');
    const events = app.runWithContext(() => scope.run(() => useEvents('apps:created')))!;
    await subscribed;
    const shown = new Promise<unknown>((resolve) => watch(events, ([event]) => resolve(event?.data.name)));
    server.publish('apps:created', { id: '1', name: 'one' });
    expect(await shown).toBe('one');
    const ended = reached('unsubscribed');
    scope.stop();
    await ended;
    given.close();
  });
});
