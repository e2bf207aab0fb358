import type { BrowserContextOptions } from 'playwright-core';
import { ADMIN, Api, OTHER, USER } from '../../platform/support/api.js';
import { TEST_SECRET } from '../../support/jwt.js';
import { PlatformProcess } from '../../support/platform-process.js';
import { freePort } from '../../support/ports.js';
import { Line } from '../support/line.js';
import type { LiveTab } from '../support/live-tab.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from '../support/look.js';

interface Host {
  readonly platform: PlatformProcess;
  readonly open: (url: string, options: BrowserContextOptions) => Promise<LiveTab>;
}

/** The tests of lost connections. They share the platform and the browser of the live page's spec, which are slow to start. */
export function describeLostConnections(host: () => Host): void {
  it('reconnects by itself after the connection was lost, and shows each missed event once', async () => {
    const { open, platform } = host();
    const line = await Line.open(platform.port);
    try {
      const { page, signIn, connected, arrived, feed } = await open(`http://localhost:${line.port}`, DESKTOP);
      await signIn(USER);
      const api = await Api.signIn(platform, USER);
      await api.post('/api/apps', { name: 'before' });
      await arrived('apps:created', 'before');
      line.cut();
      await page.locator('#connection:not([data-state=connected])').waitFor();
      await page
        .locator('.log')
        .getByText(/^Connection lost/)
        .first()
        .waitFor();
      await api.post('/api/apps', { name: 'meanwhile' });
      line.restore();
      await connected();
      await arrived('apps:created', 'meanwhile');
      await page
        .locator('.log')
        .getByText(/^Resumed after \d+ s, 1 event recovered$/)
        .waitFor();
      expect(await page.locator('#feed .recovered').count()).toBe(1);
      await api.post('/api/apps', { name: 'after' });
      await arrived('apps:created', 'after');
      expect((await feed()).slice(-3)).toEqual(['apps:created', 'apps:created', 'apps:created']);
    } finally {
      await line.close();
    }
  });

  it('cuts its own connection on demand, and shows how many events it recovered', async () => {
    const { open, platform } = host();
    const { page, complaints, click, signIn, feed } = await open(platform.url, PHONE);
    await signIn(ADMIN);
    const api = await Api.signIn(platform, OTHER);
    await click('Cut the connection for 10 s');
    await page.getByText('Connection cut').waitFor();
    expect(await cutOff(page)).toEqual([]);
    await screenshot(page, 'cut');
    await api.post('/api/apps', { name: 'meanwhile too' });
    await click('Restore now'); // its four changes happen before the connection is back
    const status = page.locator('#connection', { hasText: /^Resumed after \d+ s, 5 events recovered$/ });
    await status.waitFor();
    expect(await page.locator('#feed [data-channel]:has(.recovered)').count()).toBe(5);
    expect((await feed()).slice(-5).toSorted((a, b) => a.localeCompare(b))).toEqual([
      ...['apps:created', 'apps:created', 'apps:deleted', 'apps:updated', 'apps:updated'],
    ]);
    expect(await page.locator('.app', { hasText: /^demo / }).count()).toBe(0); // nothing is left behind
    expect(await cutOff(page)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'resumed');
    expect(complaints).toEqual([]);
  });

  it('reports a resync when the server no longer has the missed events, and reloads the lists', async () => {
    const env = { PORT: String(await freePort()), TLS_PORT: '0', JWT_SECRET: TEST_SECRET };
    const { open } = host();
    let forgetful = await PlatformProcess.start({ env });
    try {
      const { page, complaints, signIn, connected } = await open(forgetful.url, DESKTOP);
      await signIn(USER);
      const api = await Api.signIn(forgetful, USER);
      await api.post('/api/apps', { name: 'forgotten' });
      await page.locator('[data-app=forgotten]').waitFor();
      await forgetful.stop('SIGKILL');
      await page.locator('#connection:not([data-state=connected])').waitFor();
      forgetful = await PlatformProcess.start({ env });
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // it reconnects without waiting
      await connected();
      await page
        .locator('.log')
        .getByText(/^Reconnected after \d+ s: events were missed/)
        .waitFor();
      await page.locator('[data-app=forgotten]').waitFor({ state: 'detached' });
      expect(complaints.filter((text) => !text.includes('WebSocket connection'))).toEqual([]);
    } finally {
      await forgetful.stop();
    }
  }, 60_000);
}
