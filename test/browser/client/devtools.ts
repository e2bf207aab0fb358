import { build } from 'esbuild';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import type { RealtimeApp } from '../../realtime/support/realtime-app.js';
import { signToken } from '../../support/jwt.js';
import { screenshot, violations } from '../support/look.js';

/** Everything that the panel could need is refused, except scripts of the page and sockets. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src ws:; require-trusted-types-for 'script'";
const HTML = `<!doctype html><html lang="en"><title>shop</title><main><h1>Shop</h1></main>
<script type="module" src="/script.js"></script></html>`;
const SLOW_MS = 300;
const SCRIPT = `
import { createRealtimeClient } from './src/client/index.ts';
import { mountDevtools } from './src/devtools/index.ts';
const violated = (globalThis.violated = []);
addEventListener('securitypolicyviolation', ({ violatedDirective }) => violated.push(violatedDirective));
const [url, token] = decodeURIComponent(location.hash.slice(1)).split(' ');
const client = createRealtimeClient({ url, token, minDelayMs: 50 });
client.channel('apps:created').subscribe();
await new Promise((resolve) => client.on('state', ({ state }) => state === 'connected' && resolve()));
globalThis.unmount = mountDevtools(client, { open: true, slowMs: ${SLOW_MS} });
mountDevtools(client); // adds no second panel`;

declare global {
  /** Directives of the policy that the page violated. */
  var violated: string[];
  var unmount: () => void;
}

/** Describes the panel of the devtools, in the browser and against the application of another spec. */
export function describeDevtools(browser: () => Browser, app: () => RealtimeApp): void {
  describe('the devtools', () => {
    let server: Server;
    let page: Page;

    beforeAll(async () => {
      const { outputFiles } = await build({
        stdin: { contents: SCRIPT, resolveDir: '.' },
        ...{ bundle: true, write: false, format: 'esm', target: 'es2022' },
      });
      server = createServer(({ url }, response) => {
        response.setHeader('Content-Security-Policy', POLICY);
        const isScript = url === '/script.js';
        response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
        response.end(isScript ? outputFiles[0]!.text : HTML);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterAll(() => server.close());
    afterEach(() => page.context().close());

    async function open(options: Parameters<Browser['newContext']>[0]): Promise<void> {
      const context = await browser().newContext({ ...options, serviceWorkers: 'block' });
      context.setDefaultTimeout(20_000);
      page = await context.newPage();
      const { port } = server.address() as AddressInfo;
      const target = encodeURIComponent(`${app().url} ${signToken({ sub: 'developer' })}`);
      await page.goto(`http://127.0.0.1:${port}/#${target}`);
      await channel('subscribed').waitFor();
    }
    const emit = (name: string) => app().events.emit('apps:created', { id: name, name });
    const channel = (text: string) =>
      page.locator('.channels tr', { hasText: 'apps:created' }).filter({ hasText: text });
    const event = (name: string) => page.locator('.events tbody tr', { hasText: `"${name}"` });
    const click = (name: string | RegExp) => page.getByRole('button', { name }).click();

    it.each([
      ['in the light, on a desktop', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
      ['in the dark, on a phone', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
    ] as const)(
      '%s: shows events, delays them, cuts the connection, and shows what was recovered',
      async (look, options) => {
        await open(options);
        await emit('first');
        await event('first').filter({ hasText: 'live' }).waitFor();

        await click(`Slow network (${SLOW_MS} ms)`);
        await emit('delayed');
        const delay = await event('delayed').locator('td').nth(3).textContent();
        expect(parseInt(delay!, 10)).toBeGreaterThan(SLOW_MS / 2); // the measured clock has an error
        await click(/Slow network/);

        await click('Cut connection');
        await emit('meanwhile');
        await event('meanwhile').waitFor();
        await channel('recovered').waitFor();
        await page.getByText(/cut by the devtools/).waitFor();
        await screenshot(page, `devtools ${look}`);
        expect(await violations(page)).toEqual([]);

        await page.getByRole('button', { name: /^Realtime: connected/ }).focus();
        await page.keyboard.press('Enter');
        expect(await page.getByRole('button', { name: 'Cut connection' }).count()).toBe(0); // hidden, also for assistive technology
        expect(await page.locator('nestjs-realtime-devtools').count()).toBe(1);
        await page.evaluate(() => globalThis.unmount());
        expect(await page.locator('nestjs-realtime-devtools').count()).toBe(0);
        expect(await page.evaluate(() => globalThis.violated)).toEqual([]);
      },
    );
  });
}
