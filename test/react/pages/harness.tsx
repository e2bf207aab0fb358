// The page of the hooks' tests in a browser: `show` renders a scenario, inside StrictMode.
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { StrictMode, useRef } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { createRealtimeClient, type RealtimeClient } from '../../../src/client/index.js';
import {
  RealtimeProvider,
  useChannel,
  useChannelState,
  useConnectionState,
  useEvents,
  useHistory,
  usePresence,
  usePresenceState,
} from '../../../src/react/index.js';
import { useRealtimeInvalidation, useRealtimePatch } from '../../../src/react/query.js';
import { BoardThrice, BoardView, LogView, Names, rendered } from './content.js';
import { Greeting } from './greeting.js';

type App = { readonly id: string; readonly name: string };

/** Props of a scenario. */
export interface Props {
  readonly channels?: readonly string[];
  readonly limit?: number;
  readonly tick?: number;
  readonly enabled?: boolean;
}

const log: string[] = [];
const stored: App[] = [];
let loads = 0;
let renders = 0;
let heard = 0;
const busyAt: number[] = [];
let answer: Promise<unknown> = Promise.resolve();

function Connection() {
  const { state, reason } = useConnectionState();
  return <h1 title={reason}>{state}</h1>;
}

/** Passes a new list and a new callback at each render. */
function Callback({ channels = [], tick = 0, enabled = true }: Props) {
  const { state } = useChannelState(channels[0] ?? 'announcements');
  useChannel(
    channels.map((name) => name),
    async ({ channel, data }) => {
      await answer;
      log.push(`${tick} ${channel} ${JSON.stringify(data)}`);
    },
    { enabled, onReset: ({ channel, reason }) => void log.push(`${tick} ${channel} reset ${reason}`) },
  );
  return <h2>{`${tick} ${state}`}</h2>;
}

function Events({ channels = [], limit = 3, enabled }: Props) {
  renders += 1;
  const events = useEvents(
    channels.map((name) => name),
    { limit, enabled },
  );
  return (
    <ol>
      {events.map(({ id, data }) => (
        <li key={id}>{(data as App).name}</li>
      ))}
    </ol>
  );
}

/** Two lists of the last events: the second component joins when `tick` is 1. */
function Feeds({ channels = [], limit = 3, tick = 0 }: Props) {
  return (
    <>
      <Feed channels={channels} limit={limit} />
      {tick > 0 && <Feed channels={channels} limit={limit} tick={tick} />}
    </>
  );
}

function Feed({ channels = [], limit, tick = 0 }: Props) {
  const events = useEvents(channels, { last: limit });
  return (
    <ol className={tick > 0 ? 'second' : 'first'}>
      {events.map(({ id, data }) => (
        <li key={id}>{(data as App).name}</li>
      ))}
    </ol>
  );
}

function Pages({ channels = [], limit }: Props) {
  const { events, more, isLoading, loadMore } = useHistory(channels[0] ?? 'announcements', { limit });
  return (
    <>
      <h2>{isLoading ? 'loading' : more ? 'more' : 'all'}</h2>
      <button type="button" onClick={loadMore} />
      <ol>
        {events.map(({ id, data }) => (
          <li key={id}>{(data as App).name}</li>
        ))}
      </ol>
    </>
  );
}

function Presence() {
  const presence = usePresence('rooms:lobby');
  return (
    <h2>
      {presence === null
        ? 'nobody said'
        : presence.members
            .map(({ userId }) => userId)
            .toSorted()
            .join(' ')}
    </h2>
  );
}

function Typing() {
  const presence = usePresence<unknown, { readonly typing: string }>('rooms:lobby');
  const setState = usePresenceState('rooms:lobby');
  const others = presence?.members.filter(({ userId }) => userId !== 'reactor') ?? [];
  return (
    <>
      <h2>{others.map(({ userId, state }) => `${userId} ${state?.typing ?? 'idle'}`).join(' ')}</h2>
      <input onInput={({ currentTarget }) => setState({ typing: currentTarget.value })} onBlur={() => setState(null)} />
    </>
  );
}

function useApps(): readonly App[] {
  const { data } = useQuery<readonly App[]>({
    queryKey: ['apps'],
    queryFn: async () => {
      loads += 1;
      const read = [...stored];
      await answer;
      return read;
    },
    staleTime: Infinity,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
  return data ?? [];
}

function Invalidated() {
  useRealtimeInvalidation(['apps:created', 'apps:updated', 'apps:deleted'], ['apps']);
  return <AppList apps={useApps()} />;
}

function Patched() {
  useRealtimePatch<readonly App[], 'apps:created'>(['apps:created'], ['apps'], (apps, { data }) =>
    apps.some(({ id }) => id === data.id) ? apps : [...apps, data],
  );
  return <AppList apps={useApps()} />;
}

function AppList({ apps }: { readonly apps: readonly App[] }) {
  const first = useRef(apps);
  return (
    <ul data-first={first.current.length}>
      {apps.map(({ id, name }) => (
        <li key={id}>{name}</li>
      ))}
    </ul>
  );
}

const content = { BoardThrice, BoardView, LogView, Names };
const scenarios = { Callback, Events, Feeds, Pages, Presence, Typing, Invalidated, Patched, ...content };

export interface Harness {
  /** Creates the client, which does not connect yet. */
  connectTo(url: string, token: string): void;
  show(scenario: keyof typeof scenarios | 'nothing', props?: Props): void;
  /** Hydrates a page that a server has rendered. */
  hydrate(html: string): void;
  close(): void;
  /** Continues as the user of another token. */
  signIn(token: string): Promise<void>;
  store(app: App): void;
  /** Queries and listeners finish when `release` is called. */
  holdAnswers(): void;
  release(): void;
  readonly log: readonly string[];
  /** Texts that the components of `content.tsx` have rendered. */
  readonly rendered: readonly string[];
  readonly loads: number;
  readonly renders: number;
  /** Number of received events of `apps:created`. */
  readonly heard: number;
  /** Time of each received event of `rooms:busy`. */
  readonly busyAt: readonly number[];
  readonly state: string;
}

let client: RealtimeClient;
let token = '';
let root: Root | undefined;
let release = (): void => undefined;
const queries = new QueryClient();

const harness: Harness = {
  connectTo(url, given) {
    token = given;
    client = createRealtimeClient({ url, getToken: () => token, minDelayMs: 50, maxDelayMs: 100 });
    client.channel('apps:created').on('event', () => void (heard += 1));
    client.channel<string>('rooms:busy').on('event', () => void busyAt.push(performance.now()));
  },
  show(scenario, props = {}) {
    root ??= createRoot(document.body.appendChild(document.createElement('main')));
    const Scenario = scenario === 'nothing' ? null : scenarios[scenario];
    root.render(
      <StrictMode>
        <QueryClientProvider client={queries}>
          <RealtimeProvider client={client}>
            <Connection />
            {Scenario && <Scenario {...props} />}
          </RealtimeProvider>
        </QueryClientProvider>
      </StrictMode>,
    );
  },
  hydrate(html) {
    const main = document.body.appendChild(document.createElement('main'));
    main.innerHTML = html;
    root = hydrateRoot(
      main,
      <RealtimeProvider client={client}>
        <Greeting />
      </RealtimeProvider>,
    );
  },
  close: () => client.close(),
  signIn(given) {
    token = given;
    return client.reauthenticate();
  },
  store: (app) => void stored.push(app),
  holdAnswers() {
    answer = new Promise<void>((resolve) => (release = resolve));
  },
  release: () => release(),
  rendered,
  get log() {
    return log;
  },
  get loads() {
    return loads;
  },
  get busyAt() {
    return busyAt;
  },
  get heard() {
    return heard;
  },
  get renders() {
    return renders;
  },
  get state() {
    return client.state;
  },
};

declare global {
  var harness: Harness;
}

globalThis.harness = harness;
