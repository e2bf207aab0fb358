import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ADMIN, Api, DEMO_PASSWORD, USER } from '../platform/support/api.js';
import { launchChromium } from '../support/chromium.js';
import { PlatformProcess } from '../support/platform-process.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

const NO_SESSION = 'Your application has no session of an administrator here';

describe('the console with the session of the platform', () => {
  let platform: PlatformProcess;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    const env = { TLS_PORT: '0', REALTIME_OPERATOR_API: 'true', REALTIME_CONSOLE: 'true' };
    [platform, browser] = await Promise.all([PlatformProcess.start({ env }), launchChromium()]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext(DESKTOP);
    context.setDefaultTimeout(30_000);
  });
  afterEach(() => context.close());

  const click = (page: Page, name: string | RegExp): Promise<void> =>
    page.getByRole('button', { name, exact: true }).click();

  /** Signs in to the platform in a tab. */
  async function signIn(email: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(platform.url);
    await page.getByRole('button', { name: new RegExp(`^${email} `) }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    return page;
  }

  async function openConsole(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${platform.url}/realtime/console`);
    return page;
  }

  const isOpen = (page: Page): Promise<void> => page.getByText(`admin on localhost:${platform.port}`).waitFor();

  it('opens signed in, in a separate tab', async () => {
    await signIn(ADMIN);
    const page = await openConsole();
    await isOpen(page);
    expect(await page.evaluate(() => [document.cookie, location.search])).toEqual(['', '']);
  });

  it('does not sign in again after a sign-out, until the operator asks for it', async () => {
    await signIn(ADMIN);
    const page = await openConsole();
    await click(page, 'Sign out');
    await page.getByLabel('Admin token').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await click(page, 'Use the session of your application');
    await isOpen(page);
  });

  it('asks for a token without a session, for a user who is not an administrator, and after the end of the session', async () => {
    const page = await openConsole();
    await page.getByText(NO_SESSION).waitFor();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'no session');
    const live = await signIn(USER);
    await click(page, 'Use the session of your application');
    await page.getByText(NO_SESSION).waitFor();
    await click(live, 'Sign out');
    const admin = await signIn(ADMIN);
    await page.reload();
    await isOpen(page);
    const over = admin.waitForResponse((response) => response.url().endsWith('/api/auth/logout'));
    await click(admin, 'Sign out');
    await over;
    await page.getByLabel('Admin token').waitFor(); // its token was revoked
    await page.reload();
    await page.getByText(NO_SESSION).waitFor();
  });

  it('fits a phone', async () => {
    await context.close();
    context = await browser.newContext(PHONE);
    const page = await openConsole();
    await page.getByText(NO_SESSION).waitFor();
    expect([await cutOff(page), await violations(page)]).toEqual([[], []]);
    await screenshot(page, 'no session on a phone');
  });

  it('gives no token to another site, to scripts, or with a token that was revoked', async () => {
    const login = await fetch(`${platform.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: ADMIN, password: DEMO_PASSWORD }),
    });
    const { token } = (await login.json()) as { token: string };
    const [cookie = ''] = login.headers.getSetCookie();
    expect(cookie).toMatch(/^platform_console=\S+; Path=\/api\/auth\/console; HttpOnly; SameSite=Strict$/);
    const ask = (headers: Record<string, string>) =>
      fetch(`${platform.url}/api/auth/console`, { method: 'POST', headers });
    const own = { Cookie: cookie.split(';')[0]! };
    const answer = await ask({ ...own, 'Sec-Fetch-Site': 'same-origin' });
    expect([await answer.json(), answer.headers.get('cache-control')]).toEqual([{ token }, 'no-store']);
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect((await ask({ ...own, 'Sec-Fetch-Site': site })).status).toBe(403);
    }
    expect((await ask({})).status).toBe(204);
    const preflight = await fetch(`${platform.url}/api/auth/console`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    await new Api(platform.url, token).post('/api/auth/logout');
    const late = await ask(own);
    expect([late.status, late.headers.getSetCookie().join()]).toEqual([204, expect.stringContaining('1970')]);
  });
});
