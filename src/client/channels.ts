import { isChannelName } from '../protocol/channel-name.js';
import { createChannel, type ChannelHost, type ClientChannel, type SubscriptionChanges } from './channel.js';
import { RealtimeError } from './errors.js';
import { MAX_BATCH } from './limits.js';
import type { Session } from './session.js';

/** The channels of a client. Changing one channel costs the same for any number of other channels. */
export interface Channels {
  /** @throws RealtimeError `invalid_channel` */
  readonly get: (name: string) => ClientChannel;
  /** Returns the channel if it is in use. */
  used(name: string): ClientChannel | undefined;
  forEach(work: (channel: ClientChannel) => void): void;
  /** Marks a channel whose subscription has to be synced. */
  changed(channel: ClientChannel): void;
  /** Sends the changed subscriptions. @param to `null` without a connection @param connectionId id of the client */
  sync(to: Session | null, connectionId: string | undefined): void;
}

export function createChannels(host: ChannelHost): Channels {
  // name → channel, until the channel is garbage-collected
  const known = new Map<string, Ref<ClientChannel>>();
  let sweepAt = 1_000;
  const used = new Map<string, ClientChannel>();
  let dirty = new Set<ClientChannel>();
  let requests = 0;

  /**
   * Removes names of collected channels. The sweep interval doubles with the size, so the cost per name is constant.
   */
  const sweep = (): void => {
    if (known.size < sweepAt) return;
    for (const [name, ref] of known) if (!ref.deref()) known.delete(name);
    sweepAt = 2 * known.size + 1_000;
  };

  return {
    get(name) {
      const channel = used.get(name) ?? known.get(name)?.deref();
      if (channel) return channel;
      const given: unknown = name;
      if (typeof given !== 'string' || !isChannelName(given)) {
        throw new RealtimeError('invalid_channel', `"${String(given)}" is not the name of a channel: use area:event`);
      }
      sweep();
      const made = createChannel(name, host);
      known.set(name, refTo(made));
      return made;
    },
    used: (name) => used.get(name),
    forEach(work) {
      for (const channel of [...used.values()]) work(channel);
    },
    changed(channel) {
      dirty.add(channel);
      used.set(channel.name, channel);
    },
    sync(to, connectionId) {
      const changes: SubscriptionChanges = { ref: `s${(requests += 1)}`, leave: [], join: [], watch: [] };
      const changed = dirty;
      dirty = new Set();
      for (const channel of changed) {
        channel.sync(to && changes);
        if (channel.isIdle) used.delete(channel.name);
      }
      const send = (type: 'subscribe' | 'unsubscribe', channels: unknown[], ref?: string): void => {
        while (channels.length > 0) to?.send({ type, channels: channels.splice(0, MAX_BATCH), connectionId, ref });
      };
      send('unsubscribe', changes.leave);
      send('subscribe', changes.join, changes.ref);
      send('subscribe', changes.watch);
    },
  };
}

interface Ref<T> {
  deref(): T | undefined;
}

/** Returns a weak reference, or a strong one in engines without WeakRef. */
function refTo<T extends object>(target: T): Ref<T> {
  return typeof WeakRef === 'function' ? new WeakRef(target) : { deref: () => target };
}
