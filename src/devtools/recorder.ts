import type { ServerFrame } from '../client/index.js';
import type { AnyClient } from './any-client.js';
import { createClock } from './clock.js';
import { socketOf, tap, type Tap } from './tap.js';

/** Entries that are kept. Older ones are dropped. */
export const MAX_EVENTS = 200;
export const MAX_HISTORY = 100;
/** Channels that are listed. Later ones are only counted. */
export const MAX_CHANNELS = 200;

/** Something that happened to the connection or a channel. */
export interface Happening {
  /** Local time, in milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** An event as it arrived. */
export interface Arrival {
  readonly at: number;
  readonly channel: string;
  readonly id: string | undefined;
  /** Size of the frame in UTF-8. */
  readonly bytes: number;
  /** Time from emit to arrival by the clock of the server, in milliseconds. */
  readonly delayMs: number;
  /** True if it was emitted before the channel was subscribed: a replay after a break, or a rewind. */
  readonly isReplayed: boolean;
  /** The beginning of the data as JSON. */
  readonly data: string;
}

/** A channel that the panel has seen. */
export interface SeenChannel {
  events: number;
  bytes: number;
  /** Time of the last `subscribed`, by the clock of the server. */
  subscribedAt: number;
  /** Outcome of the last resume; empty before the first one. */
  recovery: string;
  /** Events that the last resume brought. */
  replayed: number;
}

/** Everything that the panel shows, and its two tools. */
export interface Recorder {
  readonly history: readonly Happening[];
  readonly events: readonly Arrival[];
  readonly channels: ReadonlyMap<string, SeenChannel>;
  /** Number of channels beyond {@link MAX_CHANNELS}. */
  readonly unlisted: number;
  /** Server clock minus local clock, and its uncertainty, in milliseconds; `undefined` before the first measurement. */
  readonly clock: { readonly offsetMs: number; readonly errorMs: number } | undefined;
  /** True if the panel sees the frames of the connection, and can cut and delay it. */
  readonly hasSocket: boolean;
  readonly isSlow: boolean;
  /** Ends the connection like a broken network. The client reconnects. */
  cut(): void;
  /** Switches the slow network on or off. */
  setSlow(isSlow: boolean): void;
  clear(): void;
  /** Stops recording, and gives the socket back to the client. */
  stop(): void;
}

/** Longest part of the data of an event that is kept. */
const MAX_TEXT = 300;

/**
 * Records what happens to a client.
 * @param changed called after each change
 */
export function createRecorder(
  client: AnyClient,
  { slowMs, classes }: { readonly slowMs: number; readonly classes: readonly unknown[] },
  changed: () => void,
): Recorder {
  const history: Happening[] = [];
  const events: Arrival[] = [];
  const channels = new Map<string, SeenChannel>();
  const clock = createClock(client);
  let unlisted = 0;
  let tapped: Tap | undefined;
  let isSlow = false;

  const note = (text: string): void => {
    history.unshift({ at: Date.now(), text });
    history.splice(MAX_HISTORY);
    changed();
  };
  const seen = (name: string): SeenChannel | undefined => {
    const known = channels.get(name);
    if (known !== undefined) return known;
    if (channels.size === MAX_CHANNELS) {
      unlisted += 1;
      return undefined;
    }
    const channel = { events: 0, bytes: 0, subscribedAt: 0, recovery: '', replayed: 0 };
    channels.set(name, channel);
    return channel;
  };

  const arrived = (frame: Extract<ServerFrame, { type: 'event' }>, text: string): void => {
    const at = Date.now();
    const emittedAt = Date.parse(frame.timestamp);
    const channel = seen(frame.channel);
    const bytes = new TextEncoder().encode(text).length;
    const isReplayed = channel !== undefined && emittedAt < channel.subscribedAt;
    if (channel !== undefined) {
      channel.events += 1;
      channel.bytes += bytes;
      if (isReplayed) channel.replayed += 1;
    }
    const data = JSON.stringify(frame.data) ?? '';
    events.unshift({
      ...{ at, channel: frame.channel, id: frame.id, bytes, isReplayed },
      delayMs: at + (clock.measured?.offsetMs ?? 0) - emittedAt,
      data: data.length > MAX_TEXT ? `${data.slice(0, MAX_TEXT)}…` : data,
    });
    events.splice(MAX_EVENTS);
    changed();
  };

  const subscribedTo = (frame: Extract<ServerFrame, { type: 'subscribed' }>): void => {
    const channel = seen(frame.channel);
    const outcome =
      frame.recovered === true ? 'recovered' : frame.recovered === false ? `not recovered: ${frame.reason}` : '';
    if (channel !== undefined)
      Object.assign(channel, { subscribedAt: Date.parse(frame.timestamp), recovery: outcome, replayed: 0 });
    note(`${frame.channel}: subscribed${outcome === '' ? '' : `, ${outcome}`}`);
  };

  const received = (text: string): void => {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'event') arrived(frame, text);
    else if (frame.type === 'subscribed') subscribedTo(frame);
    else if (frame.type === 'resync') {
      const channel = seen(frame.channel);
      if (channel !== undefined) channel.recovery = `not recovered: ${frame.reason}`;
      note(`${frame.channel}: resync, ${frame.reason}`);
    } else if (frame.type === 'unsubscribed') {
      note(`${frame.channel}: unsubscribed${frame.reason === undefined ? '' : `, ${frame.reason}`}`);
    } else if (frame.type === 'channels') for (const name of frame.subscribed) seen(name);
    else if (frame.type === 'error') note(`error ${frame.code}: ${frame.message}`);
    else if (frame.type === 'reconnect') note(`the server asks the client to reconnect in ${frame.afterMs} ms`);
    changed();
  };

  const connected = (): void => {
    const ignore = (): void => undefined;
    // The answer lists the channels that were subscribed before the panel saw the socket.
    const ask = (): void => void client.request({ type: 'list_channels' }).catch(ignore);
    const socket = socketOf(classes, ask);
    if (socket === undefined) return;
    tapped = tap(socket, { received, sent: ignore });
    tapped.delayMs = isSlow ? slowMs : 0;
    void clock.measure().then(changed, ignore);
  };

  const stops = [
    client.on('state', ({ state, previous, code, reason, closeCode, retryInMs }) => {
      const details = [
        ...(reason === code ? [code] : [code, reason]),
        ...(closeCode === undefined ? [] : [`close code ${closeCode}`]),
        ...(retryInMs === undefined ? [] : [`next attempt in ${Math.round(retryInMs)} ms`]),
      ];
      note(`${previous} → ${state} (${details.join(', ')})`);
      if (state === 'connected') connected();
      else if (previous === 'connected') tapped = undefined;
    }),
    client.on('identity', (identity) => {
      if (identity !== null) note(`identity: ${identity.user?.userId ?? 'anonymous'}`);
    }),
    client.on('error', ({ code, message }) => note(`client error ${code}: ${message}`)),
  ];
  if (client.state === 'connected') connected();

  return {
    history,
    events,
    channels,
    get unlisted() {
      return unlisted;
    },
    get clock() {
      return clock.measured;
    },
    get hasSocket() {
      return tapped !== undefined;
    },
    get isSlow() {
      return isSlow;
    },
    cut() {
      tapped?.cut();
    },
    setSlow(wanted) {
      isSlow = wanted;
      if (tapped !== undefined) tapped.delayMs = isSlow ? slowMs : 0;
      note(isSlow ? `slow network on: ${slowMs} ms in each direction` : 'slow network off');
    },
    clear() {
      for (const list of [history, events]) list.splice(0);
      changed();
    },
    stop() {
      for (const stop of stops) stop();
      tapped?.release();
      tapped = undefined;
    },
  };
}
