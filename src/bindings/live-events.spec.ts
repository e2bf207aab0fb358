import type { Identity, RealtimeClient } from '../client/index.js';
import { LiveEvents } from './live-events.js';

describe('LiveEvents', () => {
  /** A client whose identity the test changes. */
  function fakeClient() {
    const listeners = new Set<(identity: Identity | null) => void>();
    const on = (_: 'identity', listener: (identity: Identity | null) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    const client = { on } as unknown as RealtimeClient;
    return { client, signOut: () => listeners.forEach((listener) => listener(null)) };
  }
  const event = (channel: string, id: string) => ({ channel, id });

  it('shows the last events, and drops those of a channel or of all other channels', () => {
    const { client } = fakeClient();
    const live = new LiveEvents<{ channel: string; id: string }>(3);
    const shown = () => live.snapshot(client).map(({ id }) => id);
    for (const id of ['1', '2']) live.add(client, event('a', id));
    live.resize(4);
    for (const id of ['3', '4', '5']) live.add(client, event('b', id));
    live.keepOnly(['a', 'b']);
    live.drop('a');
    expect(shown()).toEqual(['3', '4', '5']);
    live.add(client, event('a', '6'));
    live.keepOnly(['a']);
    expect(shown()).toEqual(['6']);
  });

  it('notifies when the user changes, and shows no event of a former user or another client', () => {
    const { client, signOut } = fakeClient();
    const live = new LiveEvents<{ channel: string; id: string }>(3);
    let notified = 0;
    live.subscribe(() => (notified += 1));
    const stop = live.watch(client);
    live.add(client, event('a', '1'));
    expect([notified, live.snapshot(fakeClient().client)]).toEqual([1, []]);
    signOut();
    expect([notified, live.snapshot(client)]).toEqual([2, []]);
    stop();
    live.add(client, event('a', '2'));
    live.add(client, event('b', '3'));
    live.keepOnly(['a']);
    expect(live.snapshot(client)).toEqual([event('a', '2')]);
    signOut();
    expect(live.snapshot(client)).toEqual([]);
  });
});
