import { build, type Plugin } from 'esbuild';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { Counters } from '../../src/realtime/observability/counters.js';
import { blocksOf } from '../docs/support/blocks.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';

/** The class of the guide; see pages/guide-class.js. */
interface GuideClient {
  readonly ws: { onopen: (() => void) | null };
  readonly events: readonly { readonly name: string }[];
  readonly closes: readonly number[];
  readonly opened: number;
  readonly sockets: number;
  readonly gaveUp: boolean;
  readonly subscribed?: string;
  reconnectDelay: number;
  connect(): void;
  subscribe(channel: string): void;
}

declare global {
  var GuideClient: new (url: string, token: string) => GuideClient;
  var guide: GuideClient;
  var sockets: number;
  var showGuide: (props: { url: string; token: string; inline: boolean }) => void;
  var startClass: (url: string, token: string) => void;
  var received: string[];
  var showReplacement: (token: string) => void;
}

const ofPackage: Plugin = {
  name: 'the package',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^nestjs-realtime-client$/ }, () => ({ path: resolve('src/client/index.ts') }));
  },
};

/** Bundles code, or the file of that name, into one script for the page. */
async function bundle(from: { readonly code: string } | { readonly file: string }): Promise<string> {
  const { outputFiles } = await build({
    ...('file' in from
      ? { entryPoints: [from.file] }
      : { stdin: { contents: from.code, resolveDir: '.', loader: 'tsx' as const } }),
    bundle: true,
    write: false,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    plugins: [ofPackage],
  });
  return outputFiles[0]!.text;
}

const block = (language: string): string =>
  blocksOf('docs/coming-from-the-guide.md').find((candidate) => candidate.language === language)!.code;

describe('clients of the guide, in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let app: RealtimeApp;

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    app = await RealtimeApp.start({ origins: ['null'], handshakesPerSecondPerUser: 1 });
    page = await browser.newPage();
    await page.setContent('<!doctype html><title>guide</title><body></body>');
  });
  afterEach(async () => {
    await page.close();
    await app.close();
  });

  const withSubscription = () => [...app.registry.all()].filter(({ subscriptions }) => subscriptions.size > 0);
  const breakAll = (): void => {
    for (const { transport } of app.registry.all()) transport.terminate();
  };
  const emit = (name: string) => app.events.emit('apps:created', { id: name, name });
  const shown = (): Promise<string[]> => page.locator('li').allTextContents();

  describe('the class', () => {
    /** @param replaces assigns `onopen` right after `connect()`, like the example of the guide */
    const begin = async (query: string, token: string, replaces = false): Promise<void> => {
      await page.addScriptTag({ path: 'test/clients/pages/guide-class.js' });
      const options = { url: app.url + query, token, replaces };
      await page.evaluate((given) => {
        globalThis.guide = new GuideClient(given.url, given.token);
        guide.reconnectDelay = 20; // a second in the guide
        guide.connect();
        if (given.replaces) guide.ws.onopen = () => guide.subscribe('apps:created');
      }, options);
    };

    it('works with a replaced onopen: subscribes, and receives events', async () => {
      await begin('', signToken(), true);
      await page.waitForFunction(() => guide.subscribed === 'apps:created');
      await emit('one');
      await page.waitForFunction(() => guide.events.length === 1);
      expect(await page.evaluate(() => guide.events)).toEqual([{ id: 'one', name: 'one' }]);
    });

    it('loses the subscription of a replaced onopen: it reconnects without it', async () => {
      await begin('', signToken(), true);
      await page.waitForFunction(() => guide.subscribed === 'apps:created');
      breakAll();
      await page.waitForFunction(() => guide.sockets === 2 && guide.opened === 1);
      await until(() => app.registry.size === 1);
      expect(withSubscription()).toEqual([]);
    });

    it('works with the channels in its URL: it reconnects with them, even if it appends parameters', async () => {
      await begin('?channels=apps:created', signToken());
      await until(() => withSubscription().length === 1);
      breakAll();
      await page.waitForFunction(() => guide.sockets === 2);
      await until(() => withSubscription().length === 1);
      await emit('after');
      await page.waitForFunction(() => guide.events.length === 1);
      expect(await page.evaluate(() => guide.events)).toEqual([{ id: 'after', name: 'after' }]);
    });

    it('gives up with a bad token after its five tries', async () => {
      await begin('', signToken({ exp: 1 }));
      await page.waitForFunction(() => guide.gaveUp);
      const { opened, sockets, closes } = await page.evaluate(() => ({ ...guide, ws: null }));
      expect({ opened, sockets }).toEqual({ opened: 9, sockets: 14 });
      expect(closes).toEqual([...Array<number>(9).fill(4401), ...Array<number>(5).fill(1006)]);
    });
  });

  describe('the hook', () => {
    const show = async (inline: boolean): Promise<void> => {
      await page.addScriptTag({ content: await bundle({ file: 'test/clients/pages/guide-hook.jsx' }) });
      await page.evaluate((props) => showGuide(props), { url: app.url, token: signToken({ sub: 'looping' }), inline });
    };

    it('works with a stable array', async () => {
      await show(false);
      await page.waitForFunction(() => document.body.dataset['subscribed'] === 'apps:created');
      await emit('one');
      await page.waitForSelector('li');
      expect(await shown()).toEqual(['one']);
      expect(await page.evaluate(() => sockets)).toBe(1);
    });

    it('with an inline array harms only itself: it stops at its limit, shows nothing, and other clients still connect', async () => {
      await show(true);
      const { handshakes } = app.app.get(Counters);
      await until(() => handshakes.get('throttled') > 0);
      const user = await app.connectAs({ sub: 'healthy' });
      await user.fence();
      const opened = handshakes.get('accepted');
      expect(opened).toBeLessThan(30);
      await emit('one');
      expect(await shown()).toEqual([]);
      expect(withSubscription()).toEqual([]);
      await user.close();
    });
  });

  describe('the replacements of the docs', () => {
    it('RealtimeClient: keeps its subscription when its connection breaks, and calls onopen each time', async () => {
      const use = `
        globalThis.received = [];
        globalThis.startClass = (url, token) => {
          const client = new RealtimeClient(url, token);
          client.handleMessage = ({ data }) => globalThis.received.push(data.name);
          client.connect();
          client.ws.onopen = () => {
            globalThis.received.push('open');
            client.subscribe('apps:created');
          };
        };`;
      await page.addScriptTag({ content: await bundle({ code: block('ts') + use }) });
      await page.evaluate(([url, token]) => startClass(url!, token!), [app.url, signToken()]);
      await until(() => withSubscription().length === 1);
      await emit('one');
      await page.waitForFunction(() => received.includes('one'));
      breakAll();
      await emit('missed');
      await page.waitForFunction(() => received.length === 4);
      expect(await page.evaluate(() => received)).toEqual(['open', 'one', 'open', 'missed']);
    });

    it('useWebSocket: one socket for an inline array, and every event', async () => {
      const use = `
        import { createRoot } from 'react-dom/client';
        function Apps({ token }) {
          const { connected, events } = useWebSocket(token, ['apps:created']);
          return <ul title={String(connected)}>{events.map(({ id, data }) => <li key={id}>{data.name}</li>)}</ul>;
        }
        const root = createRoot(document.body.appendChild(document.createElement('div')));
        globalThis.showReplacement = (token) => root.render(<Apps token={token} />);`;
      const code = block('tsx').replace('ws://localhost:8888/ws', app.url);
      await page.addScriptTag({ content: await bundle({ code: code + use }) });
      await page.evaluate((token) => showReplacement(token), signToken());
      await until(() => withSubscription().length === 1);
      for (const name of ['one', 'two', 'three']) await emit(name);
      await page.waitForFunction(() => document.querySelectorAll('li').length === 3);
      expect(await shown()).toEqual(['one', 'two', 'three']);
      expect(await page.getAttribute('ul', 'title')).toBe('true');
      expect(app.app.get(Counters).handshakes.get('accepted')).toBe(1);
    });
  });
});
