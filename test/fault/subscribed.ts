import { WebSocket } from 'ws';
import { parsePosition } from '../../src/protocol/position.js';
import type { Random } from '../support/random.js';
import type { Line } from './stream-line.js';

/** State of one channel in a client. */
export interface Subscribed {
  readonly channel: string;
  /** Position that it sends as `lastEventId`. */
  lastEventId: string | null;
  state: 'off' | 'asked' | 'on' | 'leaving';
  askedAt: number;
  asked: string | undefined;
}

export function isId(id: string | undefined): id is string {
  return id !== undefined && parsePosition(id) !== null;
}

/** Closes a connection in one of the ways in which real clients do. */
export function closeSomehow(socket: Line, random: Random): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (socket.readyState === WebSocket.OPEN && random.chance(0.5)) {
    socket.close();
    setTimeout(() => socket.terminate(), 2_000).unref();
  } else socket.terminate();
}
