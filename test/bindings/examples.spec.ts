import type { NestExpressApplication } from '@nestjs/platform-express';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import vue from '@vitejs/plugin-vue';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build as bundle } from 'esbuild';
import { build, type PluginOption } from 'vite';
import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import solid from 'vite-plugin-solid';
import { Line } from '../browser/support/line.js';
import { createRealtimeClient } from '../../src/client/index.js';
import { createRealtimePlugin } from '../../src/vue/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { SOURCES } from '../support/packages.js';
import { Greeting, type Hydration } from './pages/hydration.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

const PLUGINS: Readonly<Record<string, () => PluginOption>> = { vue, svelte: () => svelte(), solid: () => solid() };

/** The entry points of the client, from their sources. */
const alias = Object.entries(SOURCES).map(([name, path]) => ({
  find: new RegExp(`^${name}$`),
  replacement: resolve(path),
}));

describe('the applications in examples, in Chromium', () => {
  let folder: string;
  let browser: Browser;
  let app: RealtimeApp;
  let line: Line;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = await makeTemporaryDirectory();
    const starting = Promise.all([
      launchChromium(),
      RealtimeApp.start(
        {},
        {
          prepare: (nest) => {
            (nest as NestExpressApplication).useStaticAssets(folder);
            nest.use('/api/token', (_: unknown, response: { end(token: string): void }) =>
              response.end(signToken({ sub: 'u1' })),
            );
          },
        },
      ),
    ]);
    for (const [name, plugin] of Object.entries(PLUGINS)) {
      await build({
        root: `examples/${name}`,
        configFile: false,
        base: './',
        logLevel: 'warn',
        plugins: [plugin()],
        resolve: { alias },
        build: { outDir: join(folder, name), emptyOutDir: true, minify: false, reportCompressedSize: false },
      });
    }
    [browser, app] = await starting;
    line = await Line.open(app.port);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await line?.close();
    await app?.close();
    await removeDirectory(folder);
  });
  beforeEach(async () => {
    complaints = [];
    page = await browser.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      const isNoise = /ERR_|WebSocket connection/.test(message.text()) || /favicon/.test(message.location().url);
      if (!isNoise) complaints.push(message.text());
    });
  });
  afterEach(async () => {
    await page.close();
    if (complaints.length > 0) throw new Error(`The console shows:\n${complaints.join('\n')}`);
  });

  const expectTexts = (selector: string, texts: readonly string[]): Promise<unknown> =>
    page.waitForFunction(
      ([at, expected]) =>
        JSON.stringify(Array.from(document.querySelectorAll(at), ({ textContent }) => textContent)) ===
        JSON.stringify(expected),
      [selector, texts] as const,
    );

  it.each(Object.keys(PLUGINS))(
    '%s: shows events, also those of a break, and stops while it is paused',
    async (name) => {
      const created = (id: string) => app.events.emit('apps:created', { id, name: `${name} ${id}` });
      const subscribers = () =>
        [...app.registry.all()].filter(({ subscriptions }) => subscriptions.has('apps:created')).length;
      const subscribed = new Promise<void>((done) => {
        page.on('websocket', (socket) =>
          socket.on('framereceived', ({ payload }) => {
            if (/"type":"subscribed".*"apps:deleted"/.test(String(payload))) done();
          }),
        );
      });
      await page.goto(`http://127.0.0.1:${line.port}/${name}/`);
      await expectTexts('h1', ['connected']);
      await subscribed;
      const before = await page.locator('li').count();
      await created('1');
      await app.events.emit('apps:deleted', { id: '1' });
      await expectTexts('p', ['1 deleted']);
      await expectTexts(`li:nth-child(n + ${before + 1})`, [`${name} 1`]);

      line.cut();
      await page.waitForFunction(() => document.querySelector('h1')?.textContent !== 'connected');
      await created('2');
      line.restore();
      await expectTexts(`li:nth-child(n + ${before + 1})`, [`${name} 1`, `${name} 2`]);
      await expectTexts('h1', ['connected']);

      await page.uncheck('input');
      await expectTexts('li', []);
      while (subscribers() > 0) await page.evaluate(() => new Promise(requestAnimationFrame));
      await created('3');
      await page.check('input');
      await expectTexts(`li:nth-child(n + ${before + 1})`, [`${name} 1`, `${name} 2`, `${name} 3`]);
    },
  );

  it('vue: makes a page of a server interactive without warnings, also if the client is connected already', async () => {
    const { outputFiles } = await bundle({
      entryPoints: ['test/bindings/pages/hydration.ts'],
      bundle: true,
      write: false,
      format: 'iife',
      define: {
        'process.env.NODE_ENV': '"development"',
        __VUE_OPTIONS_API__: 'false',
        __VUE_PROD_DEVTOOLS__: 'false',
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      },
    });
    const client = createRealtimeClient({ url: app.url, token: 'none' });
    const html = await renderToString(createSSRApp(Greeting).use(createRealtimePlugin(client)));
    expect(html).toBe('<p title="not connected yet">idle, no user, 0 events</p>');
    await page.goto(`http://127.0.0.1:${line.port}/vue/index.html`);
    await page.addScriptTag({ content: outputFiles[0]!.text });
    await page.evaluate(([...given]) => hydration.hydrate(...given), [html, '/ws', signToken({ sub: 'u1' })] as const);
    await expectTexts('main p', ['connected, u1, 0 events']);
  });
});

declare global {
  var hydration: Hydration;
}
