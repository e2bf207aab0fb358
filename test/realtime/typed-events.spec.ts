import { IsInt, IsString, Min } from 'class-validator';
import { InvalidEventError, RealtimeModule, type RealtimeOptions } from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RealtimeApp } from './support/realtime-app.js';

class Score {
  @IsInt()
  @Min(0)
  points!: number;

  @IsString()
  player!: string;
}

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    [ofAGame: `games:${string}:score`]: Score;
  }
}

const BAD = { points: -1, player: 5 } as unknown as Score;
const PROBLEM = 'data does not fit Score: points must not be less than 0; player must be a string';
const KEY = 'a key for publishing over http';

function start(options: Partial<RealtimeOptions> = {}): Promise<RealtimeApp> {
  const feature = RealtimeModule.forFeature([{ name: 'games:{game}:score', access: 'public', data: Score }]);
  return RealtimeApp.start({ publishApiKeys: [KEY], ...options }, { imports: [feature] });
}

/** Returns the events that a subscriber receives for a bad event followed by a good one. */
async function received(app: RealtimeApp, publish: () => Promise<unknown>): Promise<unknown[]> {
  const client = await app.connect();
  await client.ask({ type: 'subscribe', channel: 'games:chess:score' });
  await publish();
  await app.events.emit('games:chess:score', { points: 7, player: 'last' });
  await client.next('event', ({ data }) => (data as Score).player === 'last');
  const frames = client.frames.flatMap((frame) => (frame.type === 'event' ? [frame.data] : []));
  await client.close();
  return frames;
}

const LAST = { points: 7, player: 'last' };

describe('an event whose data does not fit the class of its channel', () => {
  it('throws in development and tests, for every way to emit', async () => {
    const app = await start();
    const { events } = app;
    const frames = await received(app, async () => {
      await expect(events.emit('games:chess:score', BAD)).rejects.toThrow(
        new InvalidEventError('data', PROBLEM.slice(5)),
      );
      expect(() => events.afterCommit('games:chess:score', BAD)).toThrow(PROBLEM);
      expect(() => events.serialise('games:chess:score', BAD)).toThrow(PROBLEM);
    });
    expect(frames).toEqual([LAST]);
    expect(app.app.get(Counters).invalidEvents.get('refused')).toBe(3);
    await app.close();
  });

  it('is counted, logged once and sent with the option pass, but rejected over HTTP', async () => {
    const app = await start({ invalidEvents: 'pass' });
    const { events } = app;
    const frames = await received(app, async () => {
      await events.emit('games:chess:score', BAD);
      await events.publishJson('games:chess:score', events.serialise('games:chess:score', BAD).json);
      const response = await fetch(`${app.http}/realtime/events`, {
        method: 'POST',
        headers: { 'X-API-Key': KEY, 'Content-Type': 'application/json' },
        body: JSON.stringify({ channel: 'games:chess:score', data: BAD }),
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ details: [{ field: 'data', message: PROBLEM.slice(5) }] });
    });
    expect(frames).toEqual([BAD, BAD, LAST]);
    expect(app.app.get(Counters).invalidEvents.get('passed')).toBe(2);
    expect(app.log.lines.filter((line) => line.includes('sent anyway'))).toEqual([
      expect.stringContaining(PROBLEM.slice(5)),
    ]);
    await app.close();
  });

  it('is counted and dropped with the option drop', async () => {
    const app = await start({ invalidEvents: 'drop' });
    const { events } = app;
    const frames = await received(app, async () => {
      expect(await events.emit('games:chess:score', BAD)).toMatchObject({ dropped: true });
      const stored = events.serialise('games:chess:score', BAD).json;
      expect(await events.publishJson('games:chess:score', stored)).toMatchObject({ dropped: true });
    });
    expect(frames).toEqual([LAST]);
    expect(app.app.get(Counters).invalidEvents.get('dropped')).toBe(2);
    await app.close();
  });
});
