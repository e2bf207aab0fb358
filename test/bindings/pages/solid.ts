// Components of Solid without a DOM. It is bundled, because Solid loads its server in Node.
import { createComponent, createEffect, createRoot, createSignal, on } from 'solid-js';
import { createRealtimeClient } from '../../../src/client/index.js';
import {
  RealtimeProvider,
  realtimeHooks,
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
} from '../../../src/solid/index.js';
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
} from '../support/binding.js';

const { useCommand } = realtimeHooks<object, TestCommands>();

/** Uses one part of the binding. @returns the text to show */
export function use(part: Part, given: () => Given, handles: Partial<Handles>): () => string {
  const channels = () => given().channels.map((name) => name);
  const channel = () => given().channels[0]!;
  const options = () => optionsOf(given());
  if (part === 'channel') {
    useChannel(channels, (event) => given().onEvent?.(event), options);
    const [connection, state, identity] = [useConnectionState(), useChannelState(channel), useIdentity()];
    return () => channelText(connection().state, state().state, identity()?.user?.userId);
  }
  if (part === 'presence') {
    handles.setState = usePresenceState(channel);
    const presence = usePresence(channel);
    return () => String(presence()?.count);
  }
  if (part === 'occupancy') {
    const count = useOccupancy(channel);
    return () => String(count());
  }
  if (part === 'history') {
    const history = useHistory(channel, options);
    handles.loadMore = () => history().loadMore();
    return () => historyText(history());
  }
  if (part === 'command') {
    const command = useCommand('bindings.rename');
    const { call } = command(); // its functions are stable
    handles.rename = (name) => void call({ name }).catch(() => undefined);
    return () => commandText(command());
  }
  if (part === 'live') {
    const live = useLive(channel, options);
    return () => liveText(live());
  }
  if (part === 'stream') {
    const stream = useStream(channel);
    return () => streamText(stream());
  }
  if (part === 'new client') {
    useNewRealtimeClient(() => given().client);
    const connection = useConnectionState();
    return () => connection().state;
  }
  const events = useEvents(channels, options);
  return () => namesIn(events());
}

export const solid: Omit<Binding, 'renderOnServer'> = {
  createRealtimeClient,
  async mount(part, first) {
    const [given, setGiven] = createSignal(first);
    const shown: string[] = [];
    const handles: Partial<Handles> = {};
    const Probe = () => {
      createEffect(on(use(part, given, handles), (text) => void shown.push(text)));
      return null;
    };
    const dispose = createRoot((end) => {
      createComponent(RealtimeProvider, {
        get client() {
          return given().client;
        },
        get children() {
          return createComponent(Probe, {});
        },
      });
      return end;
    });
    await Promise.resolve();
    return {
      shown,
      async set(changes) {
        setGiven({ ...given(), ...changes });
        await Promise.resolve();
      },
      setState: (state) => handles.setState!(state),
      loadMore: () => handles.loadMore!(),
      rename: (name) => handles.rename!(name),
      async unmount() {
        dispose();
        await Promise.resolve();
      },
    };
  },
  mountAlone: () => void createRoot(() => use('channel', () => ({}) as Given, {})),
};
