import { LiveResources, RealtimeStreams } from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { answerNames } from './support/content-app.js';
import { HooksPage } from './support/hooks-page.js';

const OWNER = signToken({ sub: 'olga', role: 'owner' });

describe('useLive, useStream and useCommand in Chromium, with React 19, in StrictMode', () => {
  let hooks: HooksPage;
  let live: LiveResources;
  let streams: RealtimeStreams;

  beforeAll(async () => {
    hooks = await HooksPage.start({});
    live = hooks.app.app.get(LiveResources);
    streams = hooks.app.app.get(RealtimeStreams);
  }, 60_000);
  afterAll(() => hooks?.close());
  beforeEach(() => hooks.open());
  afterEach(() => hooks.leave());

  const subscriptions = (): string[] =>
    [...hooks.app.registry.all()].flatMap(({ subscriptions: all }) => [...all.keys()]).toSorted();
  /** Waits until the server has exactly these subscriptions. */
  const untilSubscriptions = async (...names: string[]): Promise<void> => {
    while (subscriptions().join() !== names.join()) await hooks.page.evaluate(() => new Promise(requestAnimationFrame));
  };
  const rendered = (): Promise<readonly string[]> => hooks.page.evaluate(() => harness.rendered);

  it('useLive: components and a suspended query of one channel share a subscription, and follow it over a break', async () => {
    const name = 'boards:thrice';
    await hooks.show('BoardThrice', { channels: [name] });
    await hooks.rendered(`${name} live  first`);
    await hooks.expectItems('p', ['first', 'first']);
    await live.patch(name, { cards: { b: 'second' } });
    await hooks.expectItems('p', ['first,second', 'first,second']);
    expect(hooks.framesOf('subscribe').map(({ channels }) => channels)).toEqual([[{ channel: name, state: true }]]);
    hooks.line.cut();
    await hooks.rendered(`${name} stale  first,second`);
    await live.patch(name, { cards: { c: 'third' } });
    hooks.line.restore();
    await hooks.rendered(`${name} live  first,second,third`);
    await hooks.expectItems('p', ['first,second,third', 'first,second,third']);
    // A resume: nothing was loaded again, and nothing was shown that the server did not have.
    const shown = (await rendered()).map((text) => text.slice(name.length + 1));
    expect(shown[0]).toBe('loading  ');
    const possible = /^(live|stale) {2}first(,second(,third)?)?$/;
    expect(shown.slice(1).filter((text) => !possible.test(text))).toEqual([]);
    await hooks.show('nothing');
    await untilSubscriptions();
    while (hooks.framesOf('unsubscribe').length === 0)
      await hooks.page.evaluate(() => new Promise(requestAnimationFrame));
    expect(hooks.framesOf('unsubscribe')).toHaveLength(1);
  });

  it('useLive: shows nothing of the former channel, and leaves nothing of a component that is gone at once', async () => {
    await hooks.show('BoardView', { channels: ['boards:a'] });
    await hooks.rendered('boards:a live  first');
    await hooks.show('BoardView', { channels: ['boards:b'] });
    await hooks.rendered('boards:b live  first');
    expect((await rendered()).filter((text) => text.startsWith('boards:b'))).toEqual([
      'boards:b loading  ',
      'boards:b live  first',
    ]);
    await hooks.page.evaluate(() => {
      harness.show('BoardThrice', { channels: ['boards:brief'] });
      harness.show('LogView', { channels: ['logs:brief'] });
      harness.show('BoardView', { channels: ['boards:b'], enabled: false });
    });
    await hooks.rendered('boards:b loading  ');
    await untilSubscriptions();
  });

  it('useLive: shows no data of the former user, and continues for one who is allowed', async () => {
    await hooks.show('BoardView', { channels: ['vaults:one'] });
    await hooks.rendered('vaults:one refused forbidden ');
    await hooks.page.evaluate((token) => harness.signIn(token), OWNER);
    await hooks.rendered('vaults:one live  secret');
    await hooks.page.evaluate((token) => harness.signIn(token), signToken({ sub: 'eve' }));
    await hooks.rendered('vaults:one refused forbidden ');
    const after = (await rendered()).slice((await rendered()).lastIndexOf('vaults:one live  secret') + 1);
    // `stale` is shown for the owner, until the server has refused the next user's token on this connection.
    expect(after.filter((text) => text.includes('secret') && !text.includes('stale'))).toEqual([]);
    expect(after.slice(-2)).toEqual(['vaults:one loading  ', 'vaults:one refused forbidden ']);
  });

  it('useStream: shows the text over a break, of one subscription, drops it for another user, and cancels', async () => {
    const name = 'logs:long';
    const log = await streams.open(name);
    await log.write('one');
    await hooks.show('LogView', { channels: [name] });
    await hooks.rendered(`${name} open one`);
    hooks.line.cut();
    await hooks.expectText('h1', 'waiting');
    await log.write(' two');
    hooks.line.restore();
    await hooks.rendered(`${name} open one two`);
    await hooks.expectText('p', '7');
    expect(hooks.framesOf('subscribe').map(({ channels }) => channels)).toEqual([
      [{ channel: name, stream: {} }],
      [{ channel: name, stream: { at: 3, id: expect.any(String) as string } }],
    ]);
    const before = (await rendered()).length;
    await hooks.page.evaluate((token) => harness.signIn(token), OWNER);
    await hooks.page.waitForFunction(
      (count) => harness.rendered.slice(count).some((text) => text.endsWith('loading ')),
      before,
    );
    await hooks.rendered(`${name} open one two`);
    await hooks.page.click('button');
    await hooks.rendered(`${name} cancelled one two`);
    expect(log.signal.aborted).toBe(true);
    await hooks.show('nothing');
    await untilSubscriptions();
  });

  it('useCommand: shows the state of a call, and forgets it for another user', async () => {
    await hooks.show('Names');
    await hooks.expectText('h1', 'connected');
    await hooks.page.locator('input').fill('ada');
    await hooks.rendered('idle "ada is fine" ');
    await hooks.page.locator('input').fill('bad');
    await hooks.rendered('error "ada is fine" internal');
    await hooks.page.locator('input').fill('wait');
    await hooks.rendered('pending "ada is fine" ');
    await hooks.page.evaluate((token) => harness.signIn(token), OWNER);
    await hooks.rendered('idle  ');
    answerNames();
    await hooks.expectText('h1', 'connected');
    await hooks.page.locator('input').fill('olga');
    await hooks.rendered('idle "olga is fine" ');
    await hooks.page.locator('input').fill('wait');
    await hooks.rendered('pending "olga is fine" ');
    await hooks.show('nothing'); // the call continues, and its answer reports nothing to a component that is gone
    answerNames();
    await hooks.page.evaluate(() => new Promise(requestAnimationFrame));
  });
});
