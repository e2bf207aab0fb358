/** Messages to the leader; `port` is one socket of one tab. */
export type ToLeader =
  | {
      readonly op: 'open';
      readonly port: string;
      readonly tab: string;
      readonly url: string;
      readonly protocols: string[];
      /** True if the socket sends no token. */
      readonly isAnonymous: boolean;
    }
  | { readonly op: 'send'; readonly port: string; readonly text: string }
  | { readonly op: 'leave'; readonly port: string };

/** Messages from the leader to sockets. */
export type ToPorts =
  /** The leader received the request, and opens the socket once the connection is open. */
  | { readonly op: 'accepted'; readonly ports: readonly string[] }
  | { readonly op: 'opened'; readonly ports: readonly string[] }
  | { readonly op: 'message'; readonly ports: readonly string[]; readonly text: string }
  | { readonly op: 'closed'; readonly ports: readonly string[]; readonly code: number; readonly reason: string }
  /** Another tab leads now. The connection of the former leader is gone. */
  | { readonly op: 'leads' };

export type Message =
  | { readonly to: 'leader'; readonly message: ToLeader }
  /** `from` is the leading tab. */
  | { readonly to: 'ports'; readonly from: string; readonly message: ToPorts };
