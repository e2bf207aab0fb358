// Realistic scenarios for the hooks, in a browser against a fake server, inside StrictMode: `run` runs one scenario.
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { Activity, StrictMode, version, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { createRealtimeClient, type RealtimeClient } from '../../../src/client/index.js';
import {
  RealtimeProvider,
  useChannel,
  useChannelState,
  useConnectionState,
  useEvents,
  useIdentity,
  useNewRealtimeClient,
  usePresence,
} from '../../../src/react/index.js';
import { useRealtimeInvalidation, useRealtimePatch } from '../../../src/react/query.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';

const app = (name: string) => ({ id: name, name });
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isThere: () => boolean): Promise<void> {
  for (let left = 500; !isThere(); left -= 1) {
    if (left === 0) throw new Error(`The expected text did not appear. The page shows: ${document.body.textContent}`);
    await sleep(10);
  }
}

/** A page with a client of a fake server; `who` is signed in. */
class Stage {
  who: string | null = 'ada';
  readonly errors: string[] = [];
  readonly server = new FakeRealtimeServer({ channels: ['apps:created'] });
  readonly queries = new QueryClient();
  readonly client: RealtimeClient;
  readonly root: Root;
  readonly main = document.body.appendChild(document.createElement('main'));

  constructor() {
    this.client = this.newClient();
    this.client.on('error', ({ code, message }) => this.errors.push(`${code}: ${message}`));
    this.root = createRoot(this.main);
  }

  newClient(): RealtimeClient {
    return createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket: this.server.WebSocket,
      getToken: () => this.who,
      minDelayMs: 20,
    });
  }

  show(children: ReactNode, client = this.client): void {
    this.root.render(
      <StrictMode>
        <QueryClientProvider client={this.queries}>
          <RealtimeProvider client={client}>{children}</RealtimeProvider>
        </QueryClientProvider>
      </StrictMode>,
    );
  }

  get text(): string {
    return this.main.textContent;
  }

  shows(text: string): Promise<void> {
    return until(() => this.text === text);
  }

  subscribed(count = 1): Promise<void> {
    return until(() => this.server.open.some(({ subscriptions }) => subscriptions.size === count));
  }
}

function Names() {
  const events = useEvents('apps:created');
  const user = useIdentity()?.user?.userId ?? 'nobody';
  return `${user}: ${events.map(({ data }) => data.name).join(' ')}`;
}

function Present() {
  const presence = usePresence('apps:created');
  return presence === null ? 'not known' : `${presence.count} here`;
}

const scenarios = {
  /** Shows the page after another user signs in, and after the client closes. */
  async otherUser(stage: Stage) {
    stage.show(<Names />);
    await stage.subscribed();
    stage.server.publish('apps:created', app('one'));
    await stage.shows('ada: one');
    stage.who = 'grace';
    let atIdentity = '';
    stage.client.once('identity', () => (atIdentity = stage.text));
    const after: string[] = [];
    stage.client.on('identity', () => void Promise.resolve().then(() => after.push(stage.text)));
    await stage.client.reauthenticate();
    await stage.shows('grace: ');
    await stage.subscribed();
    stage.server.publish('apps:created', app('two'));
    await stage.shows('grace: two');
    stage.client.close();
    await stage.shows('nobody: ');
    return { atIdentity, after };
  },

  /** The provider gets another client. */
  async otherClient(stage: Stage) {
    stage.show(<Names />);
    await stage.subscribed();
    stage.server.publish('apps:created', app('one'));
    await stage.shows('ada: one');
    stage.who = 'grace';
    const other = stage.newClient();
    stage.show(<Names />, other);
    await stage.shows('grace: ');
    other.close();
    return stage.text;
  },

  async presence(stage: Stage) {
    stage.show(<Present />);
    await stage.subscribed();
    const report = (): void =>
      stage.server.send({ type: 'presence', channel: 'apps:created', members: [], count: 3 } as never);
    report();
    await stage.shows('3 here');
    stage.who = null;
    await stage.client.reauthenticate();
    await stage.shows('not known');
    await stage.subscribed();
    report();
    await stage.shows('3 here');
    stage.server.send({ type: 'unsubscribed', channel: 'apps:created', reason: 'access_revoked' } as never);
    await stage.shows('not known');
    return stage.text;
  },

  async badNames(stage: Stage) {
    const bad = 'room:a b';
    function Bad() {
      const { state, reason } = useChannelState(bad);
      useChannel<string>([bad, 'apps:created']);
      usePresence('apps:*');
      useEvents<string>('');
      useRealtimeInvalidation<string>(bad, ['apps']);
      return `${state}: ${reason}`;
    }
    stage.show(<Bad />);
    await stage.subscribed();
    await stage.client.request({ type: 'ping' });
    const [connection] = stage.server.open;
    return { text: stage.text, errors: [...new Set(stage.errors)], subscriptions: [...connection!.subscriptions] };
  },

  /** Twenty components invalidate, two patch. Then all components are unmounted, and an event arrives. */
  async manyComponents(stage: Stage) {
    let loads = 0;
    const load = (): Promise<number> => Promise.resolve((loads += 1));
    function Invalidates() {
      useRealtimeInvalidation('apps:created', ['loads']);
      return useQuery({ queryKey: ['loads'], queryFn: load, staleTime: Infinity }).data ?? null;
    }
    function Patches() {
      useRealtimePatch('apps:created', ['count'], (count: number) => count + 1);
      return useQuery({ queryKey: ['count'], queryFn: () => 0, staleTime: Infinity }).data ?? null;
    }
    const all = [...Array.from({ length: 20 }, (_, index) => <Invalidates key={index} />)];
    const stop = stage.client.channel('apps:created').subscribe();
    await stage.subscribed();
    stage.show([...all, <Patches key="a" />, <Patches key="b" />]);
    await stage.shows(`${'1'.repeat(20)}00`);
    stage.server.publish('apps:created', app('one'));
    await stage.shows(`${'2'.repeat(20)}11`);
    await sleep(100); // no further load follows: one would begin within GATHER_MS of refetch.ts
    const afterOneEvent = { loads, text: stage.text };
    stage.show(null);
    await stage.shows('');
    await sleep(50); // React runs the cleanup of the removed components later
    const arrived = new Promise((resolve) => stage.client.channel('apps:created').once('event', resolve));
    stage.server.publish('apps:created', app('two'));
    await arrived;
    stage.show(<Invalidates />);
    await stage.shows('3');
    stop();
    return { afterOneEvent, loads };
  },

  /** An event arrives during the first load, which has read the state before it. */
  async firstLoad(stage: Stage) {
    let loads = 0;
    let finish = (): void => undefined;
    function Invalidates() {
      useRealtimeInvalidation('apps:created', ['loads']);
      const { data } = useQuery({
        queryKey: ['loads'],
        queryFn: async () => {
          loads += 1;
          const read = loads;
          if (read === 1) await new Promise<void>((resolve) => (finish = resolve));
          return read;
        },
      });
      return data ?? null;
    }
    const stop = stage.client.channel('apps:created').subscribe();
    await stage.subscribed();
    stage.show(<Invalidates />);
    await until(() => loads === 1);
    stage.server.publish('apps:created', app('one'));
    await sleep(60); // the event requests a refetch within GATHER_MS of refetch.ts
    finish();
    await stage.shows('2');
    stop();
    return stage.text;
  },

  /** Data loaded as one user is not shown to the next. */
  async otherUsersQuery(stage: Stage) {
    let gate = Promise.resolve();
    function Apps() {
      useRealtimeInvalidation('apps:created', ['who']);
      const load = async (): Promise<string | null> => {
        await gate;
        return stage.who;
      };
      return useQuery({ queryKey: ['who'], queryFn: load, staleTime: Infinity }).data ?? 'loading';
    }
    stage.show(<Apps />);
    await stage.subscribed();
    await stage.shows('ada');
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    stage.who = 'grace';
    await stage.client.reauthenticate();
    await stage.shows('loading');
    open();
    await stage.shows('grace');
    return stage.text;
  },

  /** @returns the events and resets that a hidden component received when it was shown again */
  async hidden(stage: Stage, isShared: boolean, isOtherUser: boolean) {
    const log: string[] = [];
    function Received() {
      useChannel('apps:created', ({ data }) => void log.push(data.name), {
        onReset: ({ reason }) => void log.push(`reset ${reason}`),
      });
      return null;
    }
    const show = (mode: 'visible' | 'hidden'): void =>
      stage.show(
        <Activity mode={mode}>
          <Received />
          <p>{mode}</p>
        </Activity>,
      );
    const stop = isShared
      ? stage.client.channel('apps:created').subscribe()
      : stage.client.channel('apps:created').on('reset', () => undefined);
    show('visible');
    await stage.subscribed();
    stage.server.publish('apps:created', app('one'));
    await until(() => log.length === 1);
    show('hidden');
    await until(() => stage.text === 'hidden' && stage.client.channel('apps:created').users === Number(isShared));
    await stage.client.request({ type: 'ping' });
    if (isOtherUser) {
      stage.who = 'grace';
      await stage.client.reauthenticate();
      await until(() => stage.client.identity?.user?.userId === 'grace');
    }
    stage.server.publish('apps:created', app('two'));
    await stage.client.request({ type: 'ping' });
    show('visible');
    await until(() => log.length === 2);
    stage.server.publish('apps:created', app('three'));
    await until(() => log.length === 3);
    stop();
    return log;
  },

  /** A component that creates and closes its client, with the hook or by itself. */
  async ownClient(stage: Stage) {
    const states: string[] = [];
    let client: RealtimeClient | undefined;
    function Owner() {
      client = useNewRealtimeClient(() => stage.newClient());
      return (
        <RealtimeProvider client={client}>
          <Names />
        </RealtimeProvider>
      );
    }
    function State() {
      return `${useConnectionState().state} `;
    }
    stage.show([<Owner key="owner" />, <State key="state" />]);
    await stage.subscribed();
    stage.server.publish('apps:created', app('one'));
    await stage.shows('ada: oneidle ');
    states.push(client!.state);
    const connections = stage.server.connections.length;
    stage.show(null);
    await until(() => stage.server.open.length === 0);
    states.push(client!.state);
    return { states, connections };
  },
};

let stage: Stage | undefined;

const page = {
  react: version,

  async run(name: keyof typeof scenarios, ...given: unknown[]): Promise<unknown> {
    stage?.root.unmount();
    stage?.main.remove();
    stage?.client.close();
    stage = new Stage();
    return (scenarios[name] as (on: Stage, ...rest: unknown[]) => Promise<unknown>)(stage, ...given);
  },
};

declare global {
  var realLife: typeof page;
}

globalThis.realLife = page;
