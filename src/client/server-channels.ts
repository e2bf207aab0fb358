import type { ServerFrame } from '../protocol/frames.js';
import type { ClientChannel, SubscriptionChanges } from './channel.js';
import { addSyncStep } from './sync-steps.js';
import type { Channel, RealtimeClient, Stop } from './types.js';

/** Time after a reconnect in which the server makes its subscriptions again, in milliseconds. */
const WAIT_MS = 10_000;

/** The `ref` of a subscription that was made without a request. */
const UNASKED = 'server';

/** A channel to which the server subscribed the client. */
interface Held {
  /** Removes the subscriber that stands for the server. */
  readonly release: Stop;
  /** True if the server made the subscription on the current connection. */
  isConfirmed: boolean;
}

/**
 * Accepts the channels to which the server subscribes the client (`autoSubscribe`, `RealtimeControl.subscribe`): they
 * have events without `subscribe()`, and resume after a break. Call it before `connect()`.
 *
 *     const stop = serverChannels(client, (channel) => console.log(`the server subscribed us to ${channel.name}`));
 *     client.channel('user:42').on('event', ({ data }) => show(data));
 *
 * @param listener called for each new channel, before its first event
 * @returns a function that ends it: the client leaves the channels that only the server wanted
 */
export function serverChannels<E extends object>(
  client: RealtimeClient<E>,
  listener?: (channel: Channel) => void,
): Stop {
  const held = new Map<ClientChannel, Held>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const drop = (channel: ClientChannel): void => {
    const known = held.get(channel);
    held.delete(channel);
    known?.release();
  };

  /** Makes the server a subscriber of the channel. */
  const hold = (channel: ClientChannel, after: string | undefined): Held => {
    // While the server has not made the subscription on this connection, the client must not ask for it.
    const stopStep = addSyncStep(channel, (changes, next) =>
      next(!own.isConfirmed && channel.users === 1 ? null : changes),
    );
    const own: Held = {
      isConfirmed: true,
      release() {
        stopStep();
        stopListening();
        leave();
      },
    };
    const stopListening = channel.on('state', ({ code }) => {
      if (code === 'revoked') drop(channel);
    });
    const leave = channel.subscribe({ after });
    held.set(channel, own);
    return own;
  };

  const subscribed = (frame: Extract<ServerFrame, { type: 'subscribed' }>): void => {
    const channel = channelOf(client, frame.channel);
    if (!channel) return;
    const { lastEventId } = frame;
    const known = held.get(channel);
    const isNew = !known;
    if (known) known.isConfirmed = true;
    else hold(channel, lastEventId);
    // The client missed no event, or the channel is new: it needs no request.
    if (isNew || channel.lastEventId === lastEventId) adopt(channel, frame, isNew);
    // Otherwise it resumes. The server then replaces its subscription.
    else if (channel.users === 1) channel.askAgain();
    if (isNew) listener?.(channel);
  };

  const stops = [
    client.on('message', (frame) => {
      const { type, channel, lastEventId, server } = frame;
      const isId = lastEventId === undefined || typeof lastEventId === 'string';
      if (type === 'subscribed' && server === true && typeof channel === 'string' && isId) subscribed(frame as never);
    }),
    client.on('state', ({ state }) => {
      clearTimeout(timer);
      if (state !== 'connected') for (const own of held.values()) own.isConfirmed = false;
      else timer = setTimeout(() => held.forEach((own, channel) => own.isConfirmed || drop(channel)), WAIT_MS);
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
    for (const channel of held.keys()) drop(channel);
  };
}

/** @returns `undefined` for a name that is not a channel */
function channelOf(client: RealtimeClient<never>, name: string): ClientChannel | undefined {
  try {
    return client.channel(name) as ClientChannel;
  } catch {
    return undefined;
  }
}

/** Subscribes a channel without a request, if the client has not sent one. */
function adopt(channel: ClientChannel, frame: Extract<ServerFrame, { type: 'subscribed' }>, isNew: boolean): void {
  if (channel.users > 1) return; // the application asks for it
  const changes: SubscriptionChanges = { ref: UNASKED, leave: [], join: [], watch: [] };
  channel.sync(changes);
  if (changes.join.length === 0) return;
  channel.take({ ...frame, ref: UNASKED, ...(!isNew && frame.lastEventId !== undefined && { recovered: true }) });
}
