import { HooksPage, REACTS } from './support/hooks-page.js';

describe.each(REACTS)('the hooks for TanStack Query in Chromium, with React %s, in StrictMode', (_version, alias) => {
  let hooks: HooksPage;

  beforeAll(async () => {
    hooks = await HooksPage.start(alias);
  }, 60_000);
  afterAll(() => hooks?.close());
  beforeEach(() => hooks.open());
  afterEach(() => hooks.leave());

  it('useRealtimeInvalidation: reloads after events, once for a burst, once for missed events, and not otherwise', async () => {
    await hooks.show('Invalidated');
    await hooks.untilSubscribed('apps:deleted');
    await hooks.page.waitForFunction(() => harness.loads > 0);
    const before = await loadsInPeace();

    await hooks.page.evaluate(() => harness.store({ id: '1', name: 'one' }));
    await hooks.app.events.emit('apps:created', { id: '1', name: 'one' });
    await hooks.expectItems('ul li', ['one']);
    expect(await loadsInPeace()).toBe(before + 1);

    hooks.line.cut();
    await hooks.page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    hooks.line.restore();
    await hooks.expectText('h1', 'connected');
    await hooks.untilSubscribed('apps:deleted');
    expect(await loadsInPeace()).toBe(before + 1); // recovered, and nothing was missed

    hooks.line.cut();
    await hooks.page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    await hooks.page.evaluate(() => harness.store({ id: '2', name: 'two' }));
    await missed('apps:created', 'apps:updated', 'apps:deleted');
    hooks.line.restore();
    await hooks.expectItems('ul li', ['one', 'two']);
    expect(await loadsInPeace()).toBe(before + 2); // one load for all three channels
  });

  it('useRealtimePatch: changes the shown data without a load, also during a load', async () => {
    await hooks.show('Patched');
    await hooks.untilSubscribed('apps:created');
    const before = await loadsInPeace();
    await hooks.app.events.emit('apps:created', { id: '1', name: 'one' });
    await hooks.expectItems('ul li', ['one']);
    expect(await loadsInPeace()).toBe(before);

    hooks.line.cut();
    await hooks.page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    await hooks.app.events.emit('apps:created', { id: '2', name: 'two' });
    hooks.line.restore();
    await hooks.expectItems('ul li', ['one', 'two']);
    expect(await loadsInPeace()).toBe(before); // recovered: missed events were replayed

    // A load that reads before the event, and answers after it.
    await hooks.page.evaluate(() => harness.holdAnswers());
    hooks.line.cut();
    await hooks.page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    await missed('apps:created');
    hooks.line.restore();
    await hooks.page.waitForFunction((count) => harness.loads > count, before);
    await hooks.page.evaluate(() => harness.store({ id: '3', name: 'three' }));
    await hooks.app.events.emit('apps:created', { id: '3', name: 'three' });
    await hooks.expectItems('ul li', ['one', 'two', 'three']);
    await hooks.page.evaluate(() => harness.release());
    await hooks.expectItems('ul li', ['three']);
    expect(await loadsInPeace()).toBe(before + 2); // one load for the missed events, one for the event that arrived meanwhile
  });

  /** More events than the history keeps. */
  async function missed(...channels: string[]): Promise<void> {
    const events = channels.flatMap((channel) => Array<string>(80).fill(channel));
    await Promise.all(events.map((channel) => hooks.app.events.publish(channel, { id: '2', name: 'two' })));
  }

  /** Returns the number of loads, once no load is running or pending. */
  async function loadsInPeace(): Promise<number> {
    for (let last = -1; ;) {
      const now = await hooks.page.evaluate(() => harness.loads);
      if (now === last) return now;
      last = now;
      // No event reports that nothing follows: a pending load would begin within GATHER_MS of refetch.ts.
      await hooks.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
    }
  }
});
