// Valid and invalid arguments of the hooks: checked by `npm run lint`, not run.
import { createRealtimeClient } from '../../src/client/index.js';
import {
  realtimeHooks,
  RealtimeProvider,
  useChannel,
  useChannelState,
  useConnectionState,
  useEvents,
  useHistory,
  useIdentity,
  usePresence,
  usePresenceState,
  useRealtimeClient,
} from '../../src/react/index.js';
import { realtimeQueryHooks, useRealtimeInvalidation, useRealtimePatch } from '../../src/react/query.js';

interface App {
  readonly id: string;
  readonly name: string;
}

export function Compiles(): unknown {
  useChannel('apps:created', ({ channel, data }) => void [channel satisfies 'apps:created', data.name.length]);
  useChannel(['apps:created', 'deployments:status'], async (event) => {
    // The channel determines the type of the data.
    if (event.channel === 'apps:created') event.data.name.toUpperCase();
    else event.data.status.toUpperCase();
    await Promise.resolve();
  });
  useChannel('apps:created', undefined, {
    enabled: false,
    after: { 'apps:created': 'e-1' },
    onReset: ({ reason }) => void reason,
  });
  const names: readonly string[] = ['apps:created', 'apps:updated'];
  useChannel(names, ({ data }) => void (data satisfies unknown)); // only known at run time
  const [first] = useEvents('announcements', { limit: 5 });
  for (const event of useEvents(['apps:created', 'deployments:status'], { last: 20, limit: 200 })) {
    if (event.channel === 'apps:created') event.data.name.toUpperCase();
  }
  const { events, more, isLoading, error, reason, loadMore } = useHistory('apps:created', { limit: 20, before: 'e-1' });
  events[0]?.data.name.toUpperCase();
  const paging = [events[0]?.channel satisfies 'apps:created' | undefined, reason satisfies string | undefined];
  if (more && !isLoading && error === undefined) loadMore();
  useHistory('announcements', { enabled: paging.length > 0 });
  useRealtimeInvalidation(['apps:updated', 'apps:deleted'], ['apps']);
  useRealtimePatch('apps:created', ['apps'], (apps: readonly App[], { data }) => [...apps, data]);
  const { state, retryInMs } = useConnectionState();
  const title = [
    first?.data.message.length,
    state satisfies string,
    retryInMs?.toFixed(),
    useChannelState('apps:created').error?.code,
  ];
  const typing = usePresence<{ readonly name: string }, { readonly typing: boolean }>('rooms:lobby')?.members.find(
    (member) => member.state?.typing,
  );
  usePresenceState<{ readonly typing: boolean }>('rooms:lobby')({ typing: typing?.info?.name === 'Ann' });
  const client = createRealtimeClient({ url: '/ws' });
  return (
    <RealtimeProvider client={client}>
      {title} {usePresence('rooms:lobby')?.count} {useIdentity()?.user?.email}
    </RealtimeProvider>
  );
}

export function DoesNot(): unknown {
  // @ts-expect-error an unknown name
  useChannel('apps:creatde');
  // @ts-expect-error a state of another type
  usePresenceState<{ readonly typing: boolean }>('rooms:lobby')({ typing: 'yes' });
  // @ts-expect-error an invalid name among two
  useChannel(['apps:created', 'apps:*']);
  // @ts-expect-error an unknown field of the event
  useChannel('apps:created', ({ data }) => data.title);
  // @ts-expect-error a field of only one of the two events
  useChannel(['apps:created', 'deployments:status'], ({ data }) => data.status);
  // @ts-expect-error an unknown option
  useEvents('announcements', { max: 5 });
  // @ts-expect-error events are read-only
  useEvents('announcements').push();
  // @ts-expect-error not a number
  useEvents('announcements', { last: '20' });
  // @ts-expect-error a history is read from one channel
  useHistory(['announcements', 'apps:created']);
  // @ts-expect-error an unknown channel
  useHistory('apps:creatde');
  // @ts-expect-error a field that the event does not have
  useHistory('apps:created').events[0]?.data.title.trim();
  // @ts-expect-error an option of useEvents
  useHistory('apps:created', { last: 20 });
  // @ts-expect-error pages are read-only
  useHistory('apps:created').events.pop();
  // @ts-expect-error an invalid key
  useRealtimeInvalidation('apps:updated', 'apps');
  // @ts-expect-error a patch that returns another type
  useRealtimePatch('apps:created', ['apps'], (apps: readonly App[], { data }) => data.name.length + apps.length);
  // @ts-expect-error no client
  return <RealtimeProvider />;
}

/** Events of another server than that of the merged map. */
interface ShopEvents {
  readonly 'orders:placed': { readonly total: number };
  readonly [item: `items:${string}:sold`]: { readonly count: number };
}

const shop = { ...realtimeHooks<ShopEvents>(), ...realtimeQueryHooks<ShopEvents>() };

export function OfAMapOfOnesOwn(): unknown {
  shop.useChannel(['orders:placed', 'items:7:sold'], (event) => {
    if (event.channel === 'orders:placed') event.data.total.toFixed();
    else event.data.count.toFixed();
  });
  shop.useRealtimeInvalidation('orders:placed', ['orders']);
  shop.useRealtimePatch('orders:placed', ['total'], (total: number, { data }) => total + data.total);
  const [first] = shop.useEvents('orders:placed', { limit: 5 });
  shop.useHistory('items:7:sold').events[0]?.data.count.toFixed();
  useRealtimeClient<ShopEvents>().channel('orders:placed').subscribe();
  const client = createRealtimeClient<ShopEvents>({ url: '/ws' });
  return <RealtimeProvider client={client}>{first?.data.total}</RealtimeProvider>;
}

export function OfAMapOfOnesOwnDoesNot(): void {
  // @ts-expect-error a name that only the merged map has
  shop.useChannel('apps:created');
  // @ts-expect-error an unknown field of the event
  shop.useChannel('orders:placed', ({ data }) => data.name);
  // @ts-expect-error an unknown name
  shop.useEvents('orders:palced');
  // @ts-expect-error an unknown field of the event
  shop.useHistory('orders:placed').events[0]?.data.name.trim();
  // @ts-expect-error a name that only the merged map has
  shop.useRealtimeInvalidation('apps:created', ['apps']);
  // @ts-expect-error an unknown field of the event
  shop.useRealtimePatch('orders:placed', ['total'], (total: number, { data }) => total + data.sum);
}
