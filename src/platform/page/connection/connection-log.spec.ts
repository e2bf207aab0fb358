import '../../../platform-events/index.js';
import { createRealtimeClient, type RealtimeClient } from '../../../client/index.js';
import { FakeRealtimeServer } from '../../../testing/index.js';
import { ConnectionLog } from './connection-log.js';

describe('the log of the connection', () => {
  let server: FakeRealtimeServer;
  let log: ConnectionLog;
  let client: RealtimeClient;
  let stop: () => void;

  function begin(historySize = 100): void {
    server = new FakeRealtimeServer({ historySize });
    log = new ConnectionLog();
    client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket, debug: log.replays.debug });
    stop = log.watch(client, ['apps:created', 'apps:deleted']);
    for (const name of ['apps:created', 'apps:deleted']) client.channel<string>(name).subscribe();
    client.connect();
  }
  afterEach(() => {
    stop();
    client.close();
  });

  const texts = (): string[] => log.snapshot().map(({ text }) => text);
  const isReady = (): boolean =>
    ['apps:created', 'apps:deleted'].every((name) => client.channel<string>(name).state === 'subscribed');

  function until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isTrue()) resolve();
        else setTimeout(look);
      };
      look();
    });
  }

  /** Closes the connection, and reconnects after the work. */
  async function away(work: () => void): Promise<void> {
    server.cut();
    await until(() => client.state === 'waiting');
    work();
    // Replayed events are those that are older than the resume, to the millisecond.
    const at = Date.now();
    await until(() => Date.now() > at);
    client.connect();
    await until(isReady);
  }

  it('counts the channels and events of a reconnect in one entry, and knows the events that were recovered', async () => {
    begin();
    await until(isReady);
    const recovered: [unknown, boolean][] = [];
    client.channel<string>('apps:created').on('event', (event) => recovered.push([event.data, log.isRecovered(event)]));
    await away(() => {
      server.publish('apps:created', 1 as never);
      server.publish('apps:deleted', 2 as never);
    });
    await until(() => recovered.length === 1);
    server.publish('apps:created', 'live' as never);
    await until(() => recovered.length === 2);
    expect(texts()).toEqual(['Resumed after 1 s, 2 events recovered', 'Connection lost', 'Connected']);
    expect(log.snapshot().map(({ kind, isReturn }) => [kind, isReturn])).toEqual([
      ...[
        ['good', true],
        ['lost', false],
        ['good', false],
      ],
    ]);
    expect(recovered).toEqual([
      [1, true],
      ['live', false],
    ]);
  });

  it('reports events that were missed', async () => {
    begin(1);
    await until(isReady);
    await away(() => {
      for (const n of [1, 2, 3]) server.publish('apps:created', n as never);
    });
    expect(log.snapshot()[0]).toMatchObject({ kind: 'missed', isReturn: true });
    expect(texts()[0]).toBe('Reconnected after 1 s: events were missed on 1 of 2 channels, so the lists were reloaded');
  });

  it('keeps the last six entries, one for each reconnect', async () => {
    begin();
    await until(isReady);
    for (let n = 0; n < 4; n += 1) await away(() => undefined);
    expect(log.snapshot()).toHaveLength(6);
    expect(log.snapshot().map(({ isReturn }) => isReturn)).toEqual([true, false, true, false, true, false]);
  });

  it('adds nothing after it was stopped', async () => {
    begin();
    await until(isReady);
    let changes = 0;
    log.subscribe(() => (changes += 1));
    stop();
    await away(() => server.publish('apps:created', 1 as never));
    expect([texts(), changes]).toEqual([['Connected'], 0]);
  });
});
