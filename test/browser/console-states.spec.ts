import type { Browser, Page } from 'playwright-core';
import { RealtimeStreams, type ChannelDefinition, type StreamWriter } from '../../src/realtime/index.js';
import { boardsOf, Database } from '../live-resources/support/board.js';
import { Follower } from '../live-resources/support/follower.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { StreamClient } from '../streams/support/stream-text.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { openConsole, type ConsoleTab } from './support/console-tab.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

const LOGS: ChannelDefinition = { name: 'logs:{id}', access: 'public', stream: true };

describe('states and streams in the console', () => {
  const database = new Database();
  const followers: Follower[] = [];
  let app: RealtimeApp;
  let browser: Browser;
  let opened: ConsoleTab | undefined;
  let writer: StreamWriter;
  let reader: StreamClient;

  beforeAll(async () => {
    const options = { operatorApi: true, console: true, channels: [LOGS] };
    [app, browser] = await Promise.all([
      RealtimeApp.start(options, { providers: [boardsOf(database, { maxBytes: 10_000 })] }),
      launchChromium(),
    ]);
    for (const [name, size] of [
      ['a', 10],
      ['b', 5_000],
      ['too-large', 20_000],
    ] as const) {
      const channel = `projects:${name}:board`;
      database.states.set(channel, { name: 'x'.repeat(size), cards: {} });
      const follower = new Follower(await app.connect(), channel);
      follower.subscribe();
      await follower.until(({ seen }) => seen.includes('state') || seen.includes('state_error'));
      followers.push(follower);
    }
    const streams = app.app.get(RealtimeStreams);
    writer = await streams.open('logs:long');
    await writer.write('x'.repeat(3_000));
    reader = await StreamClient.open(app.url, 'logs:long');
    await (await streams.open('logs:other')).write('short');
    await (await streams.open('logs:failed')).fail('broken');
  }, 60_000);
  afterAll(async () => {
    await Promise.all(followers.map(({ client }) => client.close()));
    await reader?.close();
    await browser?.close();
    await app?.close();
  });
  afterEach(async () => {
    await opened?.page.context().close();
  });

  async function open(view: string, options: object = DESKTOP): Promise<Page> {
    opened = await openConsole({ browser, platform: { url: app.http } }, options);
    await opened.signIn(signToken({ sub: 'boss', role: 'admin' }));
    await opened.view(view);
    return opened.page;
  }
  /** Returns the names of the rows, in their order. */
  const names = (page: Page, attribute: string): Promise<string[]> =>
    page.locator(`[${attribute}] th`).allTextContents();

  it.each([
    ['light on a desktop', { ...DESKTOP, colorScheme: 'light' }],
    ['dark on a phone', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('are readable and accessible: %s', async (name, device) => {
    const page = await open('States', device);
    await page.locator('[data-state="projects:b:board"]').waitFor();
    await screenshot(page, `${name} states`);
    expect([await violations(page), await cutOff(page, 'thead')]).toEqual([[], []]);
    await opened!.view('Streams');
    await page.locator('[data-stream="logs:long"]').waitFor();
    await screenshot(page, `${name} streams`);
    expect([await violations(page), await cutOff(page, 'thead')]).toEqual([[], []]);
    expect(opened!.complaints).toEqual([]);
  });

  it('show the loads and size of a state, sort and search', async () => {
    const page = await open('States');
    const resource = page.locator('[data-resource="projects:{projectId}:board"]');
    await resource.locator('[data-label="In memory"]').getByText('2', { exact: true }).waitFor();
    const large = page.locator('[data-state="projects:too-large:board"]');
    expect(await large.locator('[data-label="Last load"]').textContent()).toMatch(/^too_large in .* ms, \d+ s ago$/);
    const row = page.locator('[data-state="projects:b:board"]');
    expect(await row.locator('[data-label=Subscribers]').textContent()).toBe('1');
    expect(await row.locator('[data-label=Size]').textContent()).toBe('4.9 KiB');
    const states = page.getByRole('region', { name: 'Table of states' });
    const size = states.getByRole('columnheader', { name: 'Size' });
    const board = (name: string): string => `projects:${name}:board`;
    expect(await names(page, 'data-state')).toEqual(['a', 'b', 'too-large'].map(board));
    await size.getByRole('button').click();
    await size.getByRole('button').click();
    await states.locator('[aria-sort=descending]').waitFor();
    expect(await names(page, 'data-state')).toEqual(['b', 'a', 'too-large'].map(board));
    await page.getByLabel('Search').fill('TOO');
    await row.waitFor({ state: 'detached' });
    expect(await names(page, 'data-state')).toEqual([board('too-large')]);
    await page.getByLabel('Search').fill('none');
    await page.getByText('No state matches.').waitFor();
  });

  it('load a state again', async () => {
    const page = await open('States');
    const [first] = followers;
    database.states.set(first!.channel, { name: 'changed', cards: {} });
    await page.getByRole('button', { name: `Load ${first!.channel} again` }).click();
    await first!.until(({ data }) => (data as { name: string }).name === 'changed');
    await page.locator(`[data-state="${first!.channel}"]`).getByText('done').waitFor();
  });

  it('show a stream with its writer and readers, and cancel it', async () => {
    const page = await open('Streams');
    const row = page.locator('[data-stream="logs:long"]');
    const cell = (name: string): Promise<string | null> => row.locator(`[data-label="${name}"]`).textContent();
    await row.waitFor();
    expect([await cell('State'), await cell('Length'), await cell('Kept'), await cell('Readers')]).toEqual([
      ...['open', '2.9 KiB', '2.9 KiB', '1'],
    ]);
    expect(await cell('Last part')).toMatch(/ ago$/);
    const pattern = page.locator('[data-pattern="logs:{id}"]');
    expect(await pattern.locator('[data-label=Failed]').textContent()).toBe('1');
    await page.getByRole('button', { name: 'Cancel logs:long' }).click();
    await row.getByText('cancelled').waitFor();
    expect(writer.signal.reason).toMatchObject({ state: 'cancelled' });
    await pattern.locator('[data-label=Cancelled]').getByText('1', { exact: true }).waitFor();
    // Its reader is still there, and no button is left for a stream that has ended.
    expect([await cell('Readers'), await row.getByRole('button').count()]).toEqual(['1', 0]);
    expect(await page.locator('[data-stream="logs:other"]').getByRole('button').count()).toBe(1);
  });
});
