import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { blocksOf } from '../docs/support/blocks.js';
import { finish } from '../package/installed.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

const PAGES = blocksOf('docs/browser.md').filter(({ language }) => language === 'html');

describe('the pages of docs/browser.md, with the files of the package, in Chromium', () => {
  let folder: string;
  let browser: Browser;
  let app: RealtimeApp;
  let server: Server;
  let origin: string;
  let html = '';

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('dist/main.js is missing: run "npm run build" first');
    folder = await makeTemporaryDirectory();
    await finish(process.execPath, ['.ci/client-package.mjs', folder]);
    [browser, app] = await Promise.all([launchChromium(), RealtimeApp.start()]);
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://page');
      if (pathname === '/') return void response.setHeader('Content-Type', 'text/html').end(html);
      if (pathname === '/api/token') return void response.end(signToken({ sub: 'u1' }));
      if (!pathname.startsWith('/js/')) return void response.writeHead(404).end();
      response.setHeader('Content-Type', 'text/javascript');
      readFile(join(folder, 'dist/browser', basename(pathname))).then(
        (code) => response.end(code),
        () => response.writeHead(404).end(),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await app?.close();
    await removeDirectory(folder);
  });

  it('are three: an ES module, an import map, a global variable', () => {
    const marks = ["from '/js/client.js'", 'type="importmap"', 'NestRealtime.'];
    expect(PAGES.map(({ code }) => marks.findIndex((mark) => code.includes(mark)))).toEqual([0, 1, 2]);
  });

  it('have files of about the size that the page names', async () => {
    const rows = [...readFileSync('docs/browser.md', 'utf8').matchAll(/^\| `(\w+\.js)` .*\| ([\d.]+) KB +\|$/gm)];
    expect(rows.map(([, file]) => file)).toEqual(['client.js', 'shared.js', 'sse.js', 'streams.js', 'global.js']);
    for (const [, file, kilobytes] of rows) {
      const { length } = gzipSync(await readFile(join(folder, 'dist/browser', file!)), { level: 9 });
      expect([file, Math.abs(length / 1_000 - Number(kilobytes)) < 0.5]).toEqual([file, true]);
    }
  });

  it.each(PAGES)('show the events of the signed-in user: $name', async ({ code }) => {
    expect(code.split("'/ws'")).toHaveLength(2);
    html = code.replace("'/ws'", `'${app.url}'`);
    const page = await browser.newPage();
    const subscribed = new Promise<void>((resolve, reject) => {
      page.on('pageerror', reject);
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => String(payload).includes('"type":"subscribed"') && resolve()),
      );
    });
    await Promise.all([subscribed, page.goto(origin)]);
    await app.events.emit('apps:created', { id: '1', name: 'shop' });
    await page.getByText('shop').waitFor();
    await page.close();
  });
});
