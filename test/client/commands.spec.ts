import { WebSocket } from 'ws';
import { createRealtimeClient, subscribed, type RealtimeClient } from '../../src/client/index.js';
import {
  Call,
  Command,
  EventsPublisher,
  Input,
  ProtocolError,
  RealtimeCommands,
  type CommandCall,
} from '../../src/realtime/index.js';
import { RealtimeTesting } from '../../src/testing/nest/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { callByName } from '../support/call-by-name.js';
import { signToken } from '../support/jwt.js';
import { deferred } from '../support/virtual-client.js';

let runs: CommandCall[] = [];
let held = deferred();

@RealtimeCommands()
class AppsCommands {
  constructor(private readonly events: EventsPublisher) {}

  @Command('apps.rename')
  async rename(@Input() { name }: { name: string }): Promise<{ name: string }> {
    if (name === 'taken') throw new ProtocolError('conflict', { message: 'The name is taken' });
    await this.events.emit('apps:updated', { id: '1', name });
    return { name };
  }

  @Command('held')
  async held(@Call() call: CommandCall): Promise<string> {
    runs.push(call);
    await held.promise;
    await this.events.emit('apps:created', { id: '1', name: 'held' });
    return 'done';
  }

  @Command('steps')
  async *steps(): AsyncGenerator<number, string> {
    yield 1;
    await held.promise;
    yield 2;
    return 'done';
  }
}

describe('calls of the client, against the module', () => {
  let app: RealtimeApp;
  let testing: RealtimeTesting;
  let client: RealtimeClient;

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { providers: [AppsCommands] });
    testing = await RealtimeTesting.of(app.app);
  });
  beforeEach(async () => {
    runs = [];
    held = deferred();
    client = createRealtimeClient({
      url: app.url,
      WebSocket,
      minDelayMs: 20,
      getToken: () => signToken({ sub: 'ada' }),
    });
    const channel = client.channel('apps:updated');
    channel.subscribe();
    client.channel('apps:created').subscribe();
    await subscribed(channel);
    await subscribed(client.channel('apps:created'));
  });
  afterEach(() => client.close());
  afterAll(() => testing.close());

  it('have their output, their error, and settle with the event of the command', async () => {
    const names: string[] = [];
    client.channel('apps:updated').on('event', ({ data }) => void names.push(data.name));
    const rename = callByName(client, 'apps.rename', { name: 'shop' });
    expect(await rename.settled).toBe(true);
    expect([await rename, names]).toEqual([{ name: 'shop' }, ['shop']]);
    await expect(callByName(client, 'apps.rename', { name: 'taken' })).rejects.toMatchObject({
      code: 'conflict',
      message: 'The name is taken',
    });
    await expect(callByName(client, 'unknown')).rejects.toMatchObject({ code: 'unknown_command' });
  });

  it('are sent again after a break, run once, and settle with the event that was missed', async () => {
    const call = callByName(client, 'held');
    await untilRunning(1);
    for (const connection of app.registry.ofUser('ada')) connection.transport.terminate();
    await new Promise<void>((resolve) => client.on('state', ({ state }) => state === 'connected' && resolve()));
    await client.request({ type: 'ping' });
    held.resolve();
    expect([await call, await call.settled, runs.length]).toEqual(['done', true, 1]);
  });

  it('are cancelled on the server', async () => {
    const call = callByName(client, 'held');
    await untilRunning(1);
    const aborted = new Promise((resolve) => runs[0]!.signal.addEventListener('abort', resolve));
    call.cancel();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await aborted;
    held.resolve();
  });

  it('report progress', async () => {
    const call = callByName(client, 'steps');
    const steps: unknown[] = [];
    for await (const step of call.progress) {
      steps.push(step);
      held.resolve();
    }
    expect([steps, await call]).toEqual([[1, 2], 'done']);
  });

  it('can be made by a client of the test kit', async () => {
    const ada = await testing.connectAs({ userId: 'ada' });
    await ada.subscribe('apps:updated');
    expect(await ada.call<{ name: string }>('apps.rename', { name: 'shop' })).toEqual({ name: 'shop' });
    await ada.expectEvent('apps:updated', { name: 'shop' });
    expect(await ada.expectRefused('apps.rename', { name: 'taken' })).toMatchObject({ code: 'conflict' });
    await expect(ada.call('apps.rename', { name: 'taken' })).rejects.toThrow(
      'apps.rename was refused: conflict, The name is taken',
    );
    await expect(ada.expectRefused('apps.rename', { name: 'free' })).rejects.toThrow(
      'apps.rename should be refused, but it returned {"name":"free"}',
    );
  });

  async function untilRunning(count: number): Promise<void> {
    while (runs.length < count) await client.request({ type: 'ping' });
  }
});
