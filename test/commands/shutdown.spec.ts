import { Command, Input, RealtimeCommands } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';

const waiting = new Map<string, (value: string) => void>();

@RealtimeCommands()
class SlowCommands {
  @Command('wait')
  wait(@Input() name: string): Promise<string> {
    return new Promise((resolve) => {
      waiting.set(name, resolve);
    });
  }

  @Command('echo')
  echo(@Input() text: string): string {
    return text;
  }
}

describe('calls of an instance that shuts down', () => {
  let here: RealtimeApp;
  let there: RealtimeApp;
  let client: WsClient;
  let ending: Promise<void> | null;

  beforeEach(async () => {
    waiting.clear();
    ending = null;
    const cluster = new LinkedCluster();
    const start = () => RealtimeApp.start({ backend: cluster.join() }, { providers: [SlowCommands] });
    [here, there] = [await start(), await start()];
    client = await here.connectAs({ sub: 'ann' });
  });
  afterEach(async () => {
    await (ending ?? here.app.close());
    await there.app.close();
  });

  it('are answered before their connection is closed, which begins no further ones', async () => {
    const answer = client.ask({ type: 'call', name: 'wait', callId: 'c1', data: 'slow' });
    await until(() => waiting.size === 1);
    const [connection] = [...here.registry.all()];
    ending = here.app.close();
    await until(() => connection!.onCallsEnded !== null);
    expect(await client.ask({ type: 'call', name: 'echo', callId: 'c2', data: 'late' })).toMatchObject({
      ...{ type: 'error', code: 'unavailable', callId: 'c2' },
      message: expect.stringContaining('shutting down') as string,
    });
    expect(client.frames.map(({ type }) => type)).not.toContain('reconnect');
    waiting.get('slow')!('done');
    expect(await answer).toMatchObject({ type: 'result', data: 'done' });
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    expect(client.frames.slice(-2).map(({ type }) => type)).toEqual(['result', 'reconnect']);
  });

  it('are accepted until their connection leaves', async () => {
    let leave: () => void = () => undefined;
    const drained = here.server.drain(0, new Promise((resolve) => (leave = resolve)));
    expect(here.server.draining).toBe(true);
    expect(await client.ask({ type: 'call', name: 'echo', callId: 'c3', data: 'in time' })).toMatchObject({
      ...{ type: 'result', data: 'in time' },
    });
    leave();
    await drained;
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
  });

  it('are interrupted if they do not end, for every later repetition', async () => {
    const call = { type: 'call', name: 'wait', callId: 'c4', data: 'endless' };
    const gone = here.gone('ann');
    client.send(call);
    await until(() => waiting.size === 1);
    client.terminate();
    await gone;
    await (ending = here.app.close());
    const again = await there.connectAs({ sub: 'ann' });
    expect(await again.ask(call)).toMatchObject({ code: 'interrupted', callId: 'c4' });
    await again.close();
  });

  it('keep their outcome if they end while the instance waits for them', async () => {
    const call = { type: 'call', name: 'wait', callId: 'c5', data: 'left' };
    const gone = here.gone('ann');
    client.send(call);
    await until(() => waiting.size === 1);
    client.terminate();
    await gone;
    setTimeout(() => waiting.get('left')!('kept'), 100);
    await (ending = here.app.close());
    const again = await there.connectAs({ sub: 'ann' });
    expect(await again.ask(call)).toMatchObject({ type: 'result', data: 'kept' });
    await again.close();
  });
});
