import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { findProgram } from '../support/programs.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';

describe('curl', () => {
  let app: RealtimeApp;
  let child: Child;
  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());
  afterEach(async () => {
    await child.stop('SIGTERM');
    await until(() => app.registry.size === 0);
  });

  const curl = (...more: string[]): void => {
    const url = `${app.http}/realtime/stream?channels=apps:created`;
    const authorization = `Authorization: Bearer ${signToken({ sub: 'ann' })}`;
    child = new Child(findProgram(['curl'], 'curl'), ['-sSN', '-H', authorization, ...more, url]);
  };

  it('prints each block when it happens, and resumes with the last id', async () => {
    curl();
    await child.said(/"type":"subscribed".+\n\nid: \w+-0\n\n/);
    expect(child.stdout).toMatch(/^retry: \d+\n\ndata: \{"type":"connected",/);
    const { id } = await app.events.emit('apps:created', { id: '1', name: 'one' });
    await child.said(`\n\nid: ${id}\n\n`);
    expect(child.stdout).toContain(`data: {"type":"event","id":"${id}","channel":"apps:created"`);
    await child.stop('SIGTERM');
    await until(() => app.registry.size === 0);

    const missed = await app.events.emit('apps:created', { id: '2', name: 'two' });
    curl('-H', `Last-Event-ID: ${id}`);
    await child.said(`\n\nid: ${missed.id}\n\n`);
    const live = await app.events.emit('apps:created', { id: '3', name: 'three' });
    await child.said(`\n\nid: ${live.id}\n\n`);
    const events = [...child.stdout.matchAll(/^data: \{"type":"event","id":"([\w-]+)"/gm)];
    expect(events.map(([, received]) => received)).toEqual([missed.id, live.id]);
  });

  it('ends with 0 after the block `closed` when the server ends the stream', async () => {
    curl();
    await child.said('"subscribed"');
    const [connection] = app.registry.ofUser('ann');
    connection!.transport.close(4403, 'the end');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/data: \{"type":"closed","code":4403,"reason":"the end",[^\n]+\}\n\n$/);
  });
});
