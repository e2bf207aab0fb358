import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { signToken } from '../../support/jwt.js';
import type { PlatformProcess } from '../../support/platform-process.js';
import { DESKTOP } from './look.js';

/** The console in a tab of Chromium. */
export interface ConsoleTab {
  readonly page: Page;
  /** Messages of the browser's console, and errors of the page. */
  readonly complaints: string[];
  readonly signIn: (token: string) => Promise<void>;
  /** Clicks the button with this name. */
  readonly click: (name: string) => Promise<void>;
  /** Shows the view with this name. */
  readonly view: (name: string) => Promise<void>;
  /** Waits until the current value of a metric is at least `least`. */
  readonly metricAtLeast: (metric: string, least: number) => Promise<void>;
}

/** Opens the console. @param at path below `/realtime` */
export async function openConsole(
  { browser, platform }: { readonly browser: Browser; readonly platform: Pick<PlatformProcess, 'url'> },
  options: BrowserContextOptions = DESKTOP,
  at = 'console',
): Promise<ConsoleTab> {
  const complaints: string[] = [];
  const context = await browser.newContext(options);
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${platform.url}/realtime/${at}`);
  const click = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  return {
    ...{ page, complaints, click },
    async signIn(token) {
      await page.getByLabel('Admin token').fill(token);
      await click('Sign in');
    },
    view: (name) => page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name, exact: true }).click(),
    async metricAtLeast(metric, least) {
      await page.waitForFunction(
        ([name, bound]) =>
          Number.parseFloat(document.querySelector(`[data-metric=${name}]`)?.textContent?.replaceAll(',', '') ?? '') >=
          bound,
        [metric, least] as const,
      );
    },
  };
}

/** Presses Tab until the element with this name has the focus. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 40; steps += 1) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    const isThere = await focused.evaluate((element, wanted) => {
      const own = element as HTMLInputElement;
      return (own.labels?.[0]?.textContent ?? own.getAttribute('aria-label') ?? own.textContent).trim() === wanted;
    }, name);
    if (!isThere) continue;
    expect(await focused.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
    return;
  }
  throw new Error(`Tab never reached "${name}"`);
}

/** Connects the user `crowd-n`, and subscribes to the announcements. The crowd also gets a socket that fails. */
export async function joinCrowd(crowd: WebSocket[], { wsUrl }: PlatformProcess, n: number): Promise<void> {
  const token = signToken({ sub: `crowd-${n}`, email: undefined });
  const socket = new WebSocket(`${wsUrl}?token=${token}`, { perMessageDeflate: false });
  crowd.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send('{"type":"subscribe","channel":"announcements"}'));
    socket.on('message', (text: Buffer) => {
      if (text.includes('"subscribed"')) resolve();
      if (text.includes('"error"')) reject(new Error(String(text)));
    });
  });
}
