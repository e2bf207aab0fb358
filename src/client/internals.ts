import type { ServerFrame } from '../protocol/frames.js';
import type { Identified } from './session.js';
import type { ClientListeners, RealtimeClient, Stop } from './types.js';

/** Listeners that only this package adds. */
export interface InternalListeners extends ClientListeners {
  /** A frame that is not a reply, after its channel has handled it. */
  frame: (frame: ServerFrame) => void;
}

/** A client with the members that only this package uses. */
interface Internals {
  /** The last frame with the identity, also while the connection is lost. */
  readonly identity: Identified | null;
  /** The last call that gets and sends a token, while a sign-in of the open connection runs. */
  readonly renewal: Promise<void> | null;
  on<N extends keyof InternalListeners>(name: N, listener: InternalListeners[N]): Stop;
}

export function internalsOf<E extends object>(client: RealtimeClient<E>): Internals {
  return client as never;
}
