/** What tabs tell the leader; `port` is one socket of one tab. */
export type ToLeader =
  | {
      readonly op: 'open';
      readonly port: string;
      readonly tab: string;
      readonly url: string;
      readonly protocols: string[];
      /** It sends no token. */
      readonly isAnonymous: boolean;
    }
  | { readonly op: 'send'; readonly port: string; readonly text: string }
  | { readonly op: 'leave'; readonly port: string };

/** What the leader tells sockets. */
export type ToPorts =
  /** It is heard, and will be opened once the connection is. */
  | { readonly op: 'heard'; readonly ports: readonly string[] }
  | { readonly op: 'opened'; readonly ports: readonly string[] }
  | { readonly op: 'message'; readonly ports: readonly string[]; readonly text: string }
  | { readonly op: 'closed'; readonly ports: readonly string[]; readonly code: number; readonly reason: string }
  /** There is a new leader: whatever the last one had is gone. */
  | { readonly op: 'leads' };

export type Message =
  | { readonly to: 'leader'; readonly message: ToLeader }
  /** `from` is the tab that leads. */
  | { readonly to: 'ports'; readonly from: string; readonly message: ToPorts };
