import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { Line } from '../../browser/support/line.js';
import { RealtimeApp } from '../../realtime/support/realtime-app.js';
import { launchChromium } from '../../support/chromium.js';
import { signToken } from '../../support/jwt.js';
import type { Harness, Props } from '../pages/harness.js';
import { CONTENT_CHANNELS, CONTENT_PROVIDERS } from './content-app.js';

/** Versions of React, with the package aliases of each. */
export const REACTS: readonly (readonly [version: string, alias: Readonly<Record<string, string>>])[] = [
  ['19', {}],
  ['18', { react: 'react18', 'react-dom': 'react-dom18' }],
];

const USER = 'reactor';

/** Bundles the page with one version of React. */
async function bundle(alias: Readonly<Record<string, string>>): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['test/react/pages/harness.tsx'],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    alias: { ...alias },
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0]!.text;
}

/** Runs the hooks in a page: a browser, a server and the line between them, with a new page for each test. */
export class HooksPage {
  page!: Page;
  /** Every frame that the page sent. */
  sent: { type: string; channels?: unknown[] }[] = [];
  /** Number of connections that it started. */
  sockets = 0;
  private complaints: string[] = [];

  private constructor(
    private readonly script: string,
    private readonly browser: Browser,
    readonly app: RealtimeApp,
    readonly line: Line,
  ) {}

  static async start(alias: Readonly<Record<string, string>>): Promise<HooksPage> {
    const [script, browser, app] = await Promise.all([
      bundle(alias),
      launchChromium(),
      RealtimeApp.start(
        {
          origins: ['null'], // the page has an opaque origin
          history: { size: 5, ttlMs: 60_000 },
          presenceGraceMs: 0,
          channels: [
            { name: 'rooms:lobby', access: 'authenticated', presence: { state: true } },
            { name: 'rooms:busy', access: 'authenticated' },
            ...CONTENT_CHANNELS,
          ],
        },
        { providers: CONTENT_PROVIDERS },
      ),
    ]);
    return new HooksPage(script, browser, app, await Line.open(app.port));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.line.close();
    await this.app.close();
  }

  /** A new page, connected, that shows nothing yet. */
  async open(): Promise<void> {
    this.complaints = [];
    this.sent = [];
    this.sockets = 0;
    const page = (this.page = await this.browser.newPage());
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      const isNoise = /React DevTools|ERR_|WebSocket connection/.test(message.text());
      if (!isNoise) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('websocket', (socket) => {
      this.sockets += 1;
      socket.on('framesent', ({ payload }) =>
        this.sent.push(JSON.parse(String(payload)) as (typeof this.sent)[number]),
      );
    });
    await page.setContent('<!doctype html><title>hooks</title><body></body>');
    await page.addScriptTag({ content: this.script });
    await page.evaluate(([url, token]) => harness.connectTo(url, token), [
      `ws://127.0.0.1:${this.line.port}/ws`,
      signToken({ sub: USER }),
    ] as const);
  }

  /** Closes the page. Fails if React or other code logged a warning or an error. */
  async leave(): Promise<void> {
    await this.page.close();
    if (this.complaints.length > 0) throw new Error(`The console shows:\n${this.complaints.join('\n')}`);
  }

  show(scenario: Parameters<Harness['show']>[0], props: Props = {}): Promise<void> {
    return this.page.evaluate(([name, given]) => harness.show(name, given), [scenario, props] as const);
  }

  expectText(selector: string, text: string): Promise<unknown> {
    return this.page.waitForFunction(([at, expected]) => document.querySelector(at)?.textContent === expected, [
      selector,
      text,
    ] as const);
  }

  expectItems(selector: string, texts: readonly string[]): Promise<unknown> {
    return this.page.waitForFunction(
      ([at, expected]) =>
        JSON.stringify(Array.from(document.querySelectorAll(at), (item) => item.textContent)) ===
        JSON.stringify(expected),
      [selector, texts] as const,
    );
  }

  /** Waits until a component of the page has rendered this text. */
  rendered(text: string): Promise<unknown> {
    return this.page.waitForFunction((expected) => harness.rendered.at(-1) === expected, text);
  }

  logged(entry: string): Promise<unknown> {
    return this.page.waitForFunction((expected) => harness.log.includes(expected), entry);
  }

  log(): Promise<readonly string[]> {
    return this.page.evaluate(() => harness.log);
  }

  framesOf(type: string): { type: string; channels?: unknown[] }[] {
    return this.sent.filter((frame) => frame.type === type);
  }

  async untilSubscribed(channel: string): Promise<void> {
    const isThere = (): boolean => [...this.app.registry.ofUser(USER)].some((one) => one.subscriptions.has(channel));
    while (!isThere()) await this.page.evaluate(() => new Promise(requestAnimationFrame));
  }
}
