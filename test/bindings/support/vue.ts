import { createRenderer, createSSRApp, defineComponent, h, nextTick, shallowRef, type App } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { createRealtimeClient } from '../../../src/client/index.js';
import {
  createRealtimePlugin,
  provideRealtime,
  realtimeComposables,
  useChannel,
  useChannelState,
  useConnectionState,
  useEvents,
  useHistory,
  useIdentity,
  useLive,
  useNewRealtimeClient,
  useOccupancy,
  usePresence,
  usePresenceState,
  useStream,
} from '../../../src/vue/index.js';
import {
  channelText,
  commandText,
  type TestCommands,
  historyText,
  liveText,
  namesIn,
  optionsOf,
  streamText,
  type Binding,
  type Given,
  type Handles,
  type Part,
} from './binding.js';

const { useCommand } = realtimeComposables<object, TestCommands>();

interface Node {
  parent: Node | null;
  readonly children: Node[];
}

const node = (): Node => ({ parent: null, children: [] });

/** Renders into plain objects, because Node has no DOM. */
const { createApp } = createRenderer<Node, Node>({
  insert(child, parent) {
    child.parent = parent;
    parent.children.push(child);
  },
  remove: (child) => void child.parent?.children.splice(child.parent.children.indexOf(child), 1),
  createElement: node,
  createText: node,
  createComment: node,
  setText: () => undefined,
  setElementText: () => undefined,
  patchProp: () => undefined,
  parentNode: ({ parent }) => parent,
  nextSibling: () => null,
});

/** Uses one part of the binding. @returns the text to show */
function use(part: Part, given: () => Given, handles: Partial<Handles>): () => string {
  const channels = () => given().channels.map((name) => name);
  const channel = () => given().channels[0]!;
  const options = () => optionsOf(given());
  if (part === 'channel') {
    useChannel(channels, (event) => given().onEvent?.(event), options);
    const [connection, state, identity] = [useConnectionState(), useChannelState(channel), useIdentity()];
    return () => channelText(connection.value.state, state.value.state, identity.value?.user?.userId);
  }
  if (part === 'presence') {
    handles.setState = usePresenceState(channel);
    const presence = usePresence(channel);
    return () => String(presence.value?.count);
  }
  if (part === 'occupancy') {
    const count = useOccupancy(channel);
    return () => String(count.value);
  }
  if (part === 'history') {
    const history = useHistory(channel, options);
    handles.loadMore = () => history.value.loadMore();
    return () => historyText(history.value);
  }
  if (part === 'command') {
    const command = useCommand('bindings.rename');
    const { call } = command.value; // its functions are stable
    handles.rename = (name) => void call({ name }).catch(() => undefined);
    return () => commandText(command.value);
  }
  if (part === 'live') {
    const live = useLive(channel, options);
    return () => liveText(live.value);
  }
  if (part === 'stream') {
    const stream = useStream(channel);
    return () => streamText(stream.value);
  }
  if (part === 'new client') {
    provideRealtime(useNewRealtimeClient(() => given().client));
    const connection = useConnectionState();
    return () => connection.value.state;
  }
  const events = useEvents(channels, options);
  return () => namesIn(events.value);
}

export const vue: Binding = {
  createRealtimeClient,
  async mount(part, first) {
    const given = shallowRef(first);
    const shown: string[] = [];
    const handles: Partial<Handles> = {};
    const Probe = defineComponent(() => {
      const text = use(part, () => given.value, handles);
      return () => {
        shown.push(text());
        return null;
      };
    });
    const app: App = createApp(Probe);
    if (part !== 'new client') app.use(createRealtimePlugin(() => given.value.client));
    app.mount(node());
    await nextTick();
    return {
      shown,
      async set(changes) {
        given.value = { ...given.value, ...changes };
        await nextTick();
      },
      setState: (state) => handles.setState!(state),
      loadMore: () => handles.loadMore!(),
      rename: (name) => handles.rename!(name),
      async unmount() {
        app.unmount();
        await nextTick();
      },
    };
  },
  async renderOnServer(given) {
    const parts = ['channel', 'events', 'presence', 'occupancy', 'history', 'live'] as const;
    const Probe = defineComponent(() => {
      const texts = parts.map((part) => use(part, () => given, {}));
      return () => h('p', texts.map((text) => text()).join('; '));
    });
    return renderToString(createSSRApp(Probe).use(createRealtimePlugin(given.client)));
  },
  mountAlone() {
    const app = createApp(defineComponent(() => use('channel', () => ({}) as Given, {})));
    const errors: unknown[] = [];
    // Without a handler, Vue keeps the component as the current one after an error.
    app.config.errorHandler = (error) => void errors.push(error);
    app.config.warnHandler = () => undefined;
    app.mount(node());
    throw errors[0];
  },
};
