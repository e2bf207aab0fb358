import type { INestApplicationContext } from '@nestjs/common';
import { EventsPublisher, type RealtimeEvents, type RealtimeOutbox } from '../../src/realtime/index.js';

/** An event map without declaration merging. */
interface GameEvents extends RealtimeEvents {
  'games:score': { readonly points: number; readonly player: string };
}

/** Code that must compile, and errors that must occur: `npm run lint` is the test. */
export function compiles(
  events: EventsPublisher<GameEvents>,
  outbox: RealtimeOutbox<GameEvents>,
  statements: { query(sql: string, parameters: unknown[]): Promise<unknown> },
  others: EventsPublisher,
): void {
  void events.emit('games:score', { points: 1, player: 'ann' });
  void events.emit('apps:created', { id: '1', name: 'shop' });
  void outbox.emit(statements, 'games:score', { points: 1, player: 'ann' });
  // @ts-expect-error a field is of another type
  void events.emit('games:score', { points: '1', player: 'ann' });
  // @ts-expect-error a field is missing
  events.afterCommit('games:score', { points: 1 });
  // @ts-expect-error unknown channel
  void events.emit('games:end', { points: 1, player: 'ann' });
  // @ts-expect-error a field is missing
  void outbox.emit(statements, 'games:score', { points: 1 });
  // @ts-expect-error another map
  void others.emit('games:score', { points: 1, player: 'ann' });
}

/** Providers from the application context use the merged map. */
export function compilesFromAnApplication(app: INestApplicationContext): void {
  void app.get(EventsPublisher).emit('apps:created', { id: '1', name: 'shop' });
  // @ts-expect-error a field is missing
  void app.get(EventsPublisher).emit('apps:created', { id: '1' });
}
