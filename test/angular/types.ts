// Valid and invalid arguments of the bindings for Angular: checked by `npm run lint`, not run.
import { inject, InjectionToken, input, signal, type Signal } from '@angular/core';
import { map, type Observable } from 'rxjs';
import {
  channel$,
  injectChannel,
  injectChannelState,
  injectConnectionState,
  injectEvents,
  injectHistory,
  injectIdentity,
  injectOccupancy,
  injectPresence,
  injectPresenceState,
  injectRealtimeClient,
  provideRealtime,
  realtimeServer,
} from '../../src/angular/index.js';

/** A component without its decorator. */
export class Compiles {
  readonly room = input.required<string>();
  readonly channel = signal<'apps:created' | 'apps:deleted' | null>(null);

  readonly state = injectChannel('apps:created', ({ channel, data }) => {
    void [channel satisfies 'apps:created', data.name.length];
  });
  readonly both = injectChannel(
    ['apps:created', 'deployments:status'],
    async (event) => {
      // The channel determines the type of the data.
      if (event.channel === 'apps:created') event.data.name.toUpperCase();
      else event.data.status.toUpperCase();
      await Promise.resolve();
    },
    { last: 5, after: () => ({ 'apps:created': this.room() }), onReset: ({ reason }) => void reason },
  );
  readonly known = injectChannel(['apps:created'], undefined, { after: { 'apps:created': 'e-1' } });
  readonly ofInput = injectEvents(this.room); // only known at run time
  readonly ofName = injectEvents((): string => `rooms:${this.room()}`, { limit: 5 });
  readonly ofSignal = injectEvents(this.channel);
  readonly ofList = injectEvents(() => (this.channel() === null ? [] : ['apps:created', 'deployments:status']));
  readonly archive = injectHistory('apps:created', { limit: 20, before: 'e-1' });
  readonly names: Observable<string> = channel$('apps:created', { last: 1 }).pipe(map(({ data }) => data.name));
  readonly switched = channel$(this.channel);
  readonly members = injectPresence<{ readonly name: string }, { readonly typing: boolean }>(this.room);
  readonly typing = injectPresenceState<{ readonly typing: boolean }>('rooms:lobby');
  readonly client = injectRealtimeClient();

  shown(): unknown {
    this.typing({ typing: true });
    this.archive.loadMore();
    const [event] = this.ofSignal();
    if (event?.channel === 'apps:created') event.data.name.toUpperCase();
    for (const each of this.ofList()) if (each.channel === 'deployments:status') each.data.status.toUpperCase();
    return [
      this.state().state satisfies string,
      this.ofName()[0]?.data satisfies unknown,
      this.archive.history().events[0]?.data.name.toUpperCase(),
      this.members()?.members.find(({ state }) => state?.typing)?.info?.name,
      injectConnectionState()().retryInMs?.toFixed(),
      injectIdentity()()?.user?.email,
      injectOccupancy('apps:created')()?.toFixed(),
      injectChannelState('apps:created')().error?.code,
    ];
  }
}

const TOKENS = new InjectionToken<() => Promise<string>>('tokens');

export const PROVIDERS = [
  provideRealtime({ url: '/ws', token: 'JWT' }),
  provideRealtime(() => ({ url: '/ws', getToken: inject(TOKENS) })),
];

export function DoesNot(): void {
  // @ts-expect-error an unknown name
  injectChannel('apps:creatde');
  // @ts-expect-error an invalid name among two
  injectChannel(['apps:created', 'apps:*']);
  // @ts-expect-error an unknown name, returned by a function
  injectChannel(() => 'apps:creatde');
  // @ts-expect-error an unknown pattern
  injectEvents(() => `rooms:${Math.random()}`);
  // @ts-expect-error an unknown field of the event
  injectChannel('apps:created', ({ data }) => void data.title);
  // @ts-expect-error a field of only one of the two events
  injectChannel(['apps:created', 'deployments:status'], ({ data }) => void data.status);
  // @ts-expect-error an unknown option
  injectEvents('announcements', { max: 5 });
  // @ts-expect-error events are read-only
  injectEvents('announcements')().push();
  // @ts-expect-error signals are read-only
  injectEvents('announcements').set([]);
  // @ts-expect-error a history is read from one channel
  injectHistory(['announcements', 'apps:created']);
  // @ts-expect-error an unknown channel
  channel$('apps:creatde');
  // @ts-expect-error an Observable of one channel
  channel$(['apps:created', 'apps:deleted']);
  // @ts-expect-error a state of another type
  injectPresenceState<{ readonly typing: boolean }>('rooms:lobby')({ typing: 'yes' });
  // @ts-expect-error no address
  provideRealtime({});
  // @ts-expect-error no address, returned by a function
  provideRealtime(() => ({ token: 'JWT' }));
}

/** Events of another server than that of the merged map. */
interface ShopEvents {
  readonly 'orders:placed': { readonly total: number };
  readonly [item: `items:${string}:sold`]: { readonly count: number };
}

interface ShopCommands {
  readonly 'orders.pay': { input: { readonly id: string }; output: { readonly paid: boolean } };
}

const shop = realtimeServer<ShopEvents, ShopCommands>('shop');

export function OfAnotherServer(item: Signal<number>): void {
  shop.provideRealtime({ url: 'wss://shop.example.com/ws' });
  shop.injectChannel(['orders:placed', 'items:7:sold'], (event) => {
    if (event.channel === 'orders:placed') event.data.total.toFixed();
    else event.data.count.toFixed();
  });
  shop.injectEvents('orders:placed', { limit: 5 })()[0]?.data.total.toFixed();
  shop
    .injectEvents(() => `items:${item()}:sold`)()[0]
    ?.data.count.toFixed();
  shop.injectHistory('items:7:sold').history().events[0]?.data.count.toFixed();
  shop.channel$('orders:placed').subscribe(({ data }) => data.total.toFixed());
  shop.injectRealtimeClient().channel('orders:placed').subscribe();
  const pay = shop.injectCommand('orders.pay', () => ({ timeoutMs: item() }));
  void pay()
    .call({ id: '1' })
    .then(({ paid }) => paid satisfies boolean);
}

export function OfAnotherServerDoesNot(): void {
  // @ts-expect-error an unknown command
  shop.injectCommand('orders.apy');
  // @ts-expect-error an unknown field of the input
  void shop.injectCommand('orders.pay')().call({ name: 'shop' });
  // @ts-expect-error a name that only the merged map has
  shop.injectChannel('apps:created');
  // @ts-expect-error an unknown field of the event
  shop.injectChannel('orders:placed', ({ data }) => void data.name);
  // @ts-expect-error an unknown name
  shop.injectEvents('orders:palced');
  // @ts-expect-error an unknown field of the event
  shop.channel$('orders:placed').subscribe(({ data }) => void data.name);
}
