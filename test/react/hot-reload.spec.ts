import { rename, symlink, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { REACTS } from './support/hooks-page.js';

const VITE = resolve('node_modules/vite/bin/vite.js');

const configWith = (alias: Readonly<Record<string, string>>): string => `
import react from '@vitejs/plugin-react';
export default {
  cacheDir: 'cache',
  plugins: [react()],
  resolve: {
    alias: {
      ...${JSON.stringify(alias)},
      // The longer name first: an alias also replaces the beginning of a path.
      'nestjs-realtime-client/react': '${resolve('src/react/index.ts')}',
      'nestjs-realtime-client': '${resolve('src/client/index.ts')}',
    },
  },
  server: { host: '127.0.0.1', strictPort: true, fs: { strict: false } },
};`;

const MAIN = `
import { version as react } from 'react';
import { createRoot } from 'react-dom/client';
import { createRealtimeClient } from 'nestjs-realtime-client';
import { RealtimeProvider } from 'nestjs-realtime-client/react';
import { Panel } from './panel';

const { url, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
globalThis.hot = { react, begun: 0, handled: [], replacements: 0, gate: Promise.resolve(), open: () => undefined };
import.meta.hot.on('vite:afterUpdate', () => (hot.replacements += 1));
createRoot(document.querySelector('main')).render(
  <RealtimeProvider client={createRealtimeClient({ url, token })}><Panel /></RealtimeProvider>,
);`;

/** A component that is rewritten while it runs. Its listener waits, so events queue up meanwhile. */
const PANEL = `
import { useState } from 'react';
import { useChannel, useChannelState, useEvents } from 'nestjs-realtime-client/react';

export function Panel() {
  const [count, setCount] = useState(0);
  const { state } = useChannelState('apps:created');
  const recent = useEvents('apps:created', { limit: 1000 });
  useChannel('apps:created', async ({ data }) => {
    hot.begun += 1;
    await hot.gate;
    hot.handled.push(data.name);
    setCount((known) => known + 1);
  });
  return <><h1>version 0</h1><h2>{state}</h2><p>{count}</p><ol>{recent.map(({ id, data }) => <li key={id}>{data.name}</li>)}</ol></>;
}`;

/**
 * Vite's watcher drops a change that comes within 50 ms of the one before (the throttle of chokidar). No editor saves twice in that
 * time.
 */
const PAUSE_BETWEEN_EDITS_MS = 150;

/** Replaces the file atomically, as editors do: a file that is being written could be loaded while it is empty. */
const replaceFile = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
};

declare global {
  var hot: {
    react: string;
    begun: number;
    handled: string[];
    replacements: number;
    gate: Promise<void>;
    open: () => void;
  };
}

describe.each(REACTS)('hot reload, by Vite, in Chromium, with React %s', (version, alias) => {
  let directory: string;
  let vite: Child;
  let port: number;
  let browser: Browser;
  let app: RealtimeApp;

  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
    await writeFile(join(directory, 'index.html'), '<main></main><script type="module" src="/main.tsx"></script>');
    await writeFile(join(directory, 'main.tsx'), MAIN);
    await writeFile(join(directory, 'panel.tsx'), PANEL);
    await symlink(resolve('node_modules'), join(directory, 'node_modules'));
    await writeFile(join(directory, 'vite.config.js'), configWith(alias));
    port = await freePort();
    // A separate process, as in development: Vite's native code does not work with Jest's globals.
    vite = new Child(process.execPath, [VITE, '--port', String(port)], {
      cwd: directory,
    });
    [browser, app] = await Promise.all([
      launchChromium(),
      RealtimeApp.start({ history: { size: 1000, ttlMs: 60_000 } }),
      vite.said(/ready in/, 60_000),
    ]);
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await vite?.stop();
    await app?.close();
    await removeDirectory(directory);
  });

  it('keeps the connection and the subscription of a component, and loses no event, not even queued ones', async () => {
    const sockets: string[] = [];
    const sent: string[] = [];
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    const url = `ws://127.0.0.1:${app.port}/ws`;
    page.on('websocket', (socket) => {
      if (!socket.url().startsWith(url)) return; // Vite has its own socket
      sockets.push(socket.url());
      socket.on('framesent', ({ payload }) => sent.push((JSON.parse(String(payload)) as { type: string }).type));
    });
    const hash = new URLSearchParams({ url, token: signToken({ sub: 'developer' }) });
    await page.goto(`http://127.0.0.1:${port}/#${hash}`);
    await page.locator('h2', { hasText: /^subscribed$/ }).waitFor();

    const expected: string[] = [];
    const emit = async (): Promise<void> => {
      const name = `app ${expected.length + 1}`;
      expected.push(name);
      await app.events.emit('apps:created', { id: name, name });
    };
    for (let edit = 1; edit <= 3; edit += 1) {
      await page.evaluate(() => void (hot.gate = new Promise((done) => (hot.open = done))));
      for (let count = 0; count < 5; count += 1) await emit();
      await page.waitForFunction((count) => hot.begun > count, expected.length - 5);
      await delay(PAUSE_BETWEEN_EDITS_MS);
      await replaceFile(join(directory, 'panel.tsx'), PANEL.replace('version 0', `version ${edit}`));
      // Events arrive before, during and after the replacement.
      while ((await page.locator('h1').textContent()) !== `version ${edit}`) await emit();
      await emit();
      await page.evaluate(() => hot.open());
      await page.waitForFunction((count) => hot.handled.length >= count, expected.length);
    }
    expect(await page.evaluate(() => hot.handled)).toEqual(expected);
    await page.locator('li', { hasText: new RegExp(`^${expected.at(-1)}$`) }).waitFor();
    expect(await page.locator('li').allTextContents()).toEqual(expected);
    await page.locator('p', { hasText: new RegExp(`^${expected.length}$`) }).waitFor();
    expect(await page.evaluate(() => hot.replacements)).toBe(3);
    expect(await page.evaluate(() => hot.react.split('.')[0])).toBe(version);
    expect(sockets).toHaveLength(1);
    expect(sent.filter((type) => type !== 'ping')).toEqual(['auth', 'subscribe']);
  }, 90_000);
});

it('`npm run dev:page` serves the live page with hot reload, and its files take precedence over the API', async () => {
  const at = await freePort();
  const args = ['src/platform/page', '--host', '127.0.0.1', '--port', String(at), '--strictPort'];
  const served = new Child(process.execPath, [VITE, ...args]);
  const browser = await launchChromium();
  const page = await browser.newPage();
  try {
    await served.said(/ready in/, 60_000);
    await page.goto(`http://127.0.0.1:${at}/`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.title()).toContain('platform');
  } finally {
    await browser.close();
    await served.stop();
  }
}, 90_000);
