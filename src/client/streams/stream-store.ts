import type { ServerFrame } from '../../protocol/frames.js';
import type { ClientChannel } from '../channel.js';
import { errorOf, REPORT, RealtimeError } from '../errors.js';
import { internalsOf } from '../internals.js';
import { addTargetFields } from '../target-fields.js';
import type { ChannelChange, RealtimeClient, Stop } from '../types.js';
import { createContent, type Content } from './content.js';
import { createNotifier } from './once-per-frame.js';
import { problemOfInfo, problemOfStream } from './read-frame.js';
import type { StreamPart, StreamSnapshot } from './types.js';

/** The stream of a channel, for all its users in this client. */
export interface StreamStore {
  readonly getSnapshot: () => StreamSnapshot;
  /** Returns the state without the content. */
  readonly status: () => Pick<StreamSnapshot, 'state' | 'isEnding' | 'reason' | 'error'>;
  /** Adds a user: the channel is subscribed, and its content kept, while there are users. */
  hold(): Stop;
  /** Calls back after changes, at most once per frame. */
  onChange(listener: () => void): Stop;
  /** Calls back at once: with each new part, after a change of state, and at the end of the client with `true`. */
  onStep(listener: (part: StreamPart | undefined, isClosed: boolean) => void): Stop;
  readonly cancel: () => Promise<void>;
  /**
   * Asks the server for the present stream of the channel, if there are users: the notice of a new one can still be on its way.
   * Resolves with the answer, and if there are no users, or the channel is refused.
   */
  refresh(): Promise<void>;
}

type Subscribed = Extract<ServerFrame, { type: 'subscribed' }>;
type Failed = Extract<ServerFrame, { type: 'error' }>;

const stores = new WeakMap<object, StreamStore>();

/** Returns the store of a channel. @throws RealtimeError `invalid_channel` */
export function storeOf(client: RealtimeClient<never>, name: string): StreamStore {
  const channel = client.channel(name) as ClientChannel;
  let store = stores.get(channel);
  if (!store) stores.set(channel, (store = createStore(client, channel)));
  return store;
}

function createStore(client: RealtimeClient<never>, channel: ClientChannel): StreamStore {
  const { name } = channel;
  const notifier = createNotifier();
  const steps = new Set<{ readonly listener: (part: StreamPart | undefined, isClosed: boolean) => void }>();
  let users = 0;
  let detach: Stop | undefined;
  let snapshot: StreamSnapshot | undefined;
  let refusal: RealtimeError | undefined;
  // True if the last request of the channel asked for its stream.
  let isAsked = false;
  // `ref` of a request that replaces the subscription. Until its answer, frames belong to the former one.
  let rejoining: string | undefined;
  let requests = 0;

  const step = (part: StreamPart | undefined, isClosed = false): void => {
    snapshot = undefined;
    for (const one of [...steps]) one.listener(part, isClosed);
  };
  const newContent = (): Content => createContent((part) => step(part));
  let content = newContent();
  const changed = (isUrgent = false): void => {
    step(undefined);
    notifier.changed(isUrgent);
  };
  const refuse = (error: RealtimeError | undefined): void => {
    if (refusal === error) return;
    refusal = error;
    changed();
  };
  const invalid = (problem: string): void =>
    (client as { [REPORT]?: (error: unknown) => void })[REPORT]?.(
      new RealtimeError('invalid_frame', `stream of ${name}: ${problem}`, { channel: name }),
    );

  /** Subscribes again: the present subscription is not one of the stream, or cannot continue it. */
  const rejoin = (): void => {
    rejoining = `stream${(requests += 1)}`;
    isAsked = true;
    client.send({ type: 'subscribe', channel: name, stream: content.resume, ref: rejoining });
  };
  const subscribed = ({ stream, server }: Subscribed): void => {
    if (stream) {
      const problem = problemOfInfo(stream);
      if (problem !== undefined) return invalid(problem);
      content.joined(stream);
      refusal = undefined;
      changed();
    } else if (isAsked && !server) {
      refuse(new RealtimeError('stream_disabled', `${name} is not a stream`, { channel: name }));
    } else rejoin(); // another part of the application, or the server, has subscribed the channel without its stream
  };
  const answered = (frame: Subscribed | Failed): void => {
    if (rejoining !== undefined && frame.ref !== rejoining) return;
    rejoining = undefined;
    if (frame.type === 'error') refuse(errorOf(frame));
    else subscribed(frame);
  };
  const received = (frame: ServerFrame): void => {
    if ((frame as { readonly channel?: string }).channel !== name) return;
    // In another state the frame belongs to a former subscription.
    if (channel.state !== 'subscribed') return;
    if (frame.type === 'subscribed') return answered(frame);
    if (frame.type === 'error' && rejoining !== undefined) return answered(frame);
    if (frame.type !== 'stream' || rejoining !== undefined) return;
    const problem = problemOfStream(frame);
    if (problem !== undefined) return invalid(problem);
    if (content.take(frame)) changed();
    else rejoin();
  };
  const moved = ({ state, code, error }: ChannelChange): void => {
    if (state !== 'subscribed') rejoining = undefined;
    if (code === 'other_user') {
      content.forget();
      changed(true); // the text of the former user must not stay for a frame
    }
    if (state === 'refused' || state === 'subscribing') refuse(error);
  };

  const attach = (): void => {
    const stops = [
      addTargetFields(channel, () => {
        isAsked = true;
        // The request can leave before `moved` is called, which drops the content of the former user.
        return { stream: channel.change.code === 'other_user' ? {} : content.resume };
      }),
      internalsOf(client).on('frame', received),
      channel.on('state', moved),
      channel.on('closed', () => step(undefined, true)),
      // Last: a listener of its change of state can close the client.
      channel.subscribe(),
    ];
    isAsked = false;
    if (channel.state === 'subscribed') rejoin();
    detach = () => {
      for (const stop of stops) stop();
      detach = undefined;
      notifier.stop();
      rejoining = refusal = undefined;
      content = newContent();
      step(undefined);
    };
  };

  const status: StreamStore['status'] = () => ({
    state: refusal ? 'refused' : content.state,
    ...(content.isEnding && { isEnding: true }),
    ...(content.reason !== undefined && { reason: content.reason }),
    ...(refusal && { error: refusal }),
  });
  const store: StreamStore = {
    status,
    getSnapshot: () =>
      (snapshot ??= {
        text: content.text,
        items: [...content.items],
        gaps: content.gaps,
        ...status(),
        ...(content.result !== undefined && { result: content.result }),
      }),
    hold() {
      users += 1;
      if (!detach) attach();
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        users -= 1;
        // Deferred, because a recreated view removes and adds its use in one step.
        void Promise.resolve().then(() => users === 0 && detach?.());
      };
    },
    onChange: (listener) => notifier.add(listener),
    onStep(listener) {
      const one = { listener };
      steps.add(one);
      return () => void steps.delete(one);
    },
    cancel: async () => void (await client.request({ type: 'stream_cancel', channel: name })),
    refresh: () =>
      new Promise((resolve) => {
        let isSent = false;
        const look = (_part?: StreamPart, isClosed = false): void => {
          const isOver = isClosed || !detach || refusal !== undefined;
          if (!isOver && (channel.state !== 'subscribed' || rejoining !== undefined)) return;
          if (!isOver && !isSent) {
            isSent = true;
            rejoin();
            return;
          }
          stop();
          resolve();
        };
        const stop = store.onStep(look);
        look();
      }),
  };
  return store;
}
