// Valid and invalid arguments of the functions for Svelte: checked by `npm run lint`, not run.
import { createRealtimeClient } from '../../src/client/index.js';
import {
  provideRealtime,
  realtimeStores,
  useChannel,
  useChannelState,
  useCommand,
  useConnectionState,
  useEvents,
  useHistory,
  useIdentity,
  useOccupancy,
  usePresence,
  usePresenceState,
  useRealtimeClient,
} from '../../src/svelte/index.js';

interface ShopEvents {
  readonly 'orders:placed': { readonly total: number };
  readonly [item: `items:${string}:sold`]: { readonly count: number };
}

interface ShopCommands {
  readonly 'orders.pay': { input: { readonly id: string }; output: { readonly paid: boolean } };
}

const shop = realtimeStores<ShopEvents, ShopCommands>();

export function compiles(name: string, isOpen: () => boolean): unknown {
  useChannel('apps:created', ({ channel, data }) => void [channel satisfies 'apps:created', data.name.length]);
  useChannel(['apps:created', 'deployments:status'], async (event) => {
    // The channel determines the type of the data.
    if (event.channel === 'apps:created') event.data.name.toUpperCase();
    else event.data.status.toUpperCase();
    await Promise.resolve();
  });
  useChannel(
    () => ['apps:created', 'apps:updated'],
    ({ data }) => void data.id,
  );
  useChannel(name, ({ data }) => void (data satisfies unknown)); // only known at run time
  useChannel('apps:created', undefined, () => ({ enabled: isOpen(), onReset: ({ reason }) => void reason }));
  const events = useEvents(['apps:created', 'deployments:status'], { last: 20, limit: 200 });
  for (const event of events.current) if (event.channel === 'apps:created') event.data.name.toUpperCase();
  const history = useHistory(() => 'apps:created', { limit: 20, before: 'e-1' });
  if (history.current.more) history.current.loadMore();
  history.current.events[0]?.data.name.toUpperCase();
  const members = usePresence<{ readonly name: string }, { readonly typing: boolean }>(() => name);
  usePresenceState<{ readonly typing: boolean }>('rooms:lobby')({
    typing: members.current?.members[0]?.info?.name === 'Ann',
  });
  shop.useChannel(['orders:placed', 'items:7:sold'], (event) => {
    if (event.channel === 'orders:placed') event.data.total.toFixed();
    else event.data.count.toFixed();
  });
  shop.useHistory('items:7:sold').current.events[0]?.data.count.toFixed();
  const pay = shop.useCommand('orders.pay', () => ({ timeoutMs: 1_000 })).current;
  void pay.call({ id: '1' }).then(({ paid }) => paid satisfies boolean);
  useCommand(name).current.cancel(); // only known at run time
  useRealtimeClient<ShopEvents>().channel('orders:placed').subscribe();
  provideRealtime(() => createRealtimeClient<ShopEvents>({ url: '/ws' }));
  useEvents('apps:created').subscribe(([first]) => void first?.data.name.length);
  return [
    useConnectionState().current.retryInMs?.toFixed(),
    useChannelState('apps:created').current.error?.code,
    useIdentity().current?.user?.email,
    useOccupancy(name).current?.toFixed(),
    shop.useEvents('orders:placed', { limit: 5 }).current[0]?.data.total,
  ];
}

export function doesNot(): void {
  // @ts-expect-error an unknown command
  shop.useCommand('orders.apy');
  // @ts-expect-error an unknown field of the input
  void shop.useCommand('orders.pay').current.call({ name: 'shop' });
  // @ts-expect-error an unknown name
  useChannel('apps:creatde');
  // @ts-expect-error an invalid name among two
  useChannel(['apps:created', 'apps:*']);
  // @ts-expect-error an unknown field of the event
  useChannel('apps:created', ({ data }) => data.title);
  // @ts-expect-error a field of only one of the two events
  useChannel(['apps:created', 'deployments:status'], ({ data }) => data.status);
  // @ts-expect-error an unknown option
  useEvents('announcements', { max: 5 });
  // @ts-expect-error an unknown name in a getter
  useEvents(() => 'apps:creatde');
  // @ts-expect-error events are read-only
  useEvents('announcements').current.push();
  // @ts-expect-error a history is read from one channel
  useHistory(['announcements', 'apps:created']);
  // @ts-expect-error a field that the event does not have
  useHistory('apps:created').current.events[0]?.data.title.trim();
  // @ts-expect-error a state of another type
  usePresenceState<{ readonly typing: boolean }>('rooms:lobby')({ typing: 'yes' });
  // @ts-expect-error the value is read-only
  useIdentity().current = null;
  // @ts-expect-error a name that only the merged map has
  shop.useChannel('apps:created');
  // @ts-expect-error an unknown name
  shop.useEvents('orders:palced');
  // @ts-expect-error no client
  provideRealtime();
}
