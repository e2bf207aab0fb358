import type { EventsPublisher } from '../../src/realtime/index.js';

interface Score {
  readonly points: number;
  readonly player: string;
}

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    [ofAMatch: `matches:${string}:score`]: Score;
  }
}

/** Code that must compile, and errors that must occur: `npm run lint` is the test. */
export function compiles(events: EventsPublisher, id: string): void {
  void events.emit(`matches:${id}:score`, { points: 1, player: 'ann' });
  void events.emit('matches:chess:score', { points: 1, player: 'ann', more: true });
  events.afterCommit(`matches:${id}:score`, { points: 1, player: 'ann' });
  // @ts-expect-error the data of another channel
  void events.emit(`matches:${id}:score`, { name: 'x' });
  // @ts-expect-error unknown channel
  void events.emit(`matches:${id}:end`, { points: 1, player: 'ann' });
  // @ts-expect-error a field is of another type
  events.afterCommit('matches:chess:score', { points: '1', player: 'ann' });
  void events.emitMany([
    { channel: `matches:${id}:score`, data: { points: 1, player: 'ann' } },
    { channel: 'matches:chess:score', data: { points: 1, player: 'ann', more: true }, options: { timeoutMs: 100 } },
    { channel: 'user:u1', data: null },
  ]);
  // @ts-expect-error the data of another channel
  void events.emitMany([{ channel: `matches:${id}:score`, data: { name: 'x' } }]);
  // @ts-expect-error unknown channel
  void events.emitMany([{ channel: `matches:${id}:end`, data: null }]);
}
