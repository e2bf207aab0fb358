import type { Api } from '../../platform/support/api.js';
import type { ConsoleTab } from '../support/console-tab.js';
import { screenshot, violations } from '../support/look.js';

/** The tests of the live tail. They share the platform and the browser of the console's spec, which are slow to start. */
export function describeTail(host: () => { open: () => Promise<ConsoleTab>; admin: Api }): void {
  it('shows what a channel keeps with ids and sizes, filters it, and suggests channels', async () => {
    const { open, admin } = host();
    const { page, complaints, signIn, click, view } = await open();
    await signIn(admin.token!);
    for (const name of ['kept one', 'kept two']) await admin.post('/api/apps', { name });
    await view('Live tail');
    const input = page.getByRole('combobox', { name: 'Channel to follow' });
    await page.waitForFunction(() => document.querySelectorAll('datalist option').length > 20);
    expect(await page.locator('datalist option').first().getAttribute('value')).toBe('announcements'); // it is in use
    await input.fill('apps:created');
    await click('Follow');
    const events = page.locator('.tail li');
    await events.nth(1).waitFor();
    expect(await events.first().locator('summary').innerText()).toMatch(/…\S{9}\s+\d+ B\s+\{.*kept two/s);
    await page.getByLabel('Filter by id or data').fill('KEPT ONE');
    await page.getByText('1 of 2 events match').waitFor();
    expect(await events.count()).toBe(1);
    await page.getByLabel('Filter by id or data').fill('');
    await admin.post('/api/apps', { name: 'live' });
    await events.nth(2).waitFor();
    expect(await events.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['kept']))).toEqual([
      ...['false', 'true', 'true'],
    ]);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'kept');
    const data = { message: 'one of many', level: 'info' };
    await admin.post(
      '/realtime/events',
      Array.from({ length: 60 }, () => ({ channel: 'announcements', data })),
    );
    await input.fill('announcements');
    await click('Follow');
    await events.nth(49).waitFor();
    expect(await events.count()).toBe(50);
    await click('Load older events');
    await events.nth(59).waitFor();
    await page.getByRole('button', { name: 'Load older events' }).waitFor({ state: 'detached' });
    await screenshot(page, 'older');
    await click('apps:created'); // it is a recent channel now
    await events.nth(2).waitFor();
    expect(complaints).toEqual([]);
  });

  it('follows a channel and pauses, publishes, and explains a permission', async () => {
    const { open, admin } = host();
    const { page, complaints, signIn, click, view } = await open();
    await signIn(admin.token!);
    await view('Channels');
    await click('announcements');
    await page.locator('.state', { hasText: /^subscribed$/ }).waitFor();
    await page.getByLabel('Data (JSON)').fill('{"message":"from the console","level":"info"}');
    await click('Publish');
    const events = page.locator('.tail li');
    await events.filter({ hasText: 'from the console' }).waitFor();
    await events.first().locator('summary').press('Enter');
    expect(await events.first().locator('pre').textContent()).toContain('"message": "from the console"');
    await screenshot(page, 'tail');

    await click('Pause');
    const before = await events.count();
    await page.getByLabel('Data (JSON)').fill('{"message":"while it pauses","level":"info"}');
    await click('Publish');
    await page.getByText('paused, 1 new').waitFor();
    expect(await events.count()).toBe(before);
    await click('Pause');
    await events.filter({ hasText: 'while it pauses' }).waitFor();
    await page.getByLabel('Data (JSON)').fill('{');
    await click('Publish');
    await page.getByText('The data is not valid JSON').waitFor();
    await page.getByLabel('Data (JSON)').fill('{}');
    await page.getByLabel('Channel to publish to').fill('no:such');
    await click('Publish');
    await page.getByRole('alert').getByText('Nothing was published: channel is not registered: "no:such"').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('400 (Bad Request)')]); // logged by Chromium
    await page.getByRole('combobox', { name: 'Channel to follow' }).fill('no:such');
    await click('Follow');
    await page.locator('.state', { hasText: /^refused$/ }).waitFor();

    await view('Permissions');
    await page.getByRole('combobox', { name: 'Channel' }).fill('system:health');
    await page.getByRole('combobox', { name: 'User' }).fill('someone');
    await click('Check access');
    await page.getByText('Denied', { exact: true }).waitFor();
    await page.getByText('The channel is for administrators only').waitFor();
    await screenshot(page, 'explained');
    expect(complaints).toEqual([]);
  });
}
