import type { ErrorCode, User } from '../protocol/index.js';
import type { FakeChannel } from './fake-channel.js';
import type { FakeCommands } from './fake-commands.js';
import type { FakeStates } from './fake-states.js';
import type { FakeStream } from './fake-stream.js';

/** The owner of a token or ticket. */
export interface FakeOwner {
  /** `null` for a guest. */
  readonly user: User | null;
  readonly expiresInMs?: number;
  /** Channels and patterns to which the token or ticket is limited. @default no limit */
  readonly limitedTo?: readonly string[];
}

/** Functions of the server that a connection needs. */
export interface FakeEnv {
  readonly heartbeatMs: number;
  readonly anonymous: boolean;
  /** Absent without commands. */
  readonly commands: FakeCommands | undefined;
  readonly states: Pick<FakeStates, 'has' | 'sendTo'>;
  /** @returns the owner of the token, or an error code */
  identify(token: string): FakeOwner | ErrorCode;
  channel(name: string): FakeChannel;
  /** @returns `undefined` if the channel is not a stream */
  stream(name: string): FakeStream | undefined;
  readonly hasStreams: boolean;
  /** @returns the error code for a user who cannot cancel a stream */
  cancelRefusal(channel: string, user: User | null): ErrorCode | null;
  channelNames(): string[];
  refusal(channel: string, user: User | null): ErrorCode | null;
  /** Number of connections that are subscribed to a channel. */
  subscribers(channel: string): number;
  /** The number of a channel's subscribers changed. */
  recount(channel: string): void;
  /** Channels to which the server subscribes a user from the start. */
  autoSubscribed(user: User | null): readonly string[];
}

/** Server side of a socket: sends frames to the client. */
export interface FakeWire {
  send(text: string): void;
  close(code: number, reason: string): void;
}
