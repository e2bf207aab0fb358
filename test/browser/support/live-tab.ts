import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** The live page in a tab of Chromium. */
export interface LiveTab {
  readonly page: Page;
  /** Messages of the browser's console, and errors of the page. */
  readonly complaints: string[];
  /** Clicks the button with this name. */
  readonly click: (name: string) => Promise<void>;
  /** Signs in with a demo account, and waits for its subscriptions. */
  readonly signIn: (email: string) => Promise<void>;
  readonly connected: () => Promise<void>;
  readonly subscribedTo: (channel: string) => Promise<void>;
  /** Waits until the feed shows an event of a channel that contains the text. */
  readonly arrived: (channel: string, text?: string) => Promise<void>;
  /** Returns the channels of the events in the feed, oldest first. */
  readonly feed: () => Promise<string[]>;
}

export async function openLivePage(browser: Browser, url: string, options: BrowserContextOptions): Promise<LiveTab> {
  const complaints: string[] = [];
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  const connected = (): Promise<void> => page.locator('#connection[data-state=connected]').waitFor();
  const subscribedTo = (channel: string): Promise<void> =>
    page
      .locator(`.channel-switch[data-channel="${channel}"][data-state=subscribed] input:checked`)
      .waitFor({ state: 'attached' }); // its group can be collapsed
  return {
    ...{ page, complaints, connected, subscribedTo },
    click: (name) => page.getByRole('button', { name, exact: true }).click(),
    async signIn(email) {
      await page.getByRole('button', { name: new RegExp(`^${email} `) }).click();
      await connected();
      await subscribedTo('apps:created');
    },
    arrived: (channel, text = '') =>
      page.locator(`#feed [data-channel="${channel}"]`, { hasText: text }).first().waitFor(),
    feed: () =>
      page
        .locator('#feed [data-channel]')
        .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['channel']!).toReversed()),
  };
}
