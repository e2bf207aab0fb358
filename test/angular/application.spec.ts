import { Body, Controller, Get, Header, Inject, Post } from '@nestjs/common';
import type { Browser, Page } from 'playwright-core';
import { EventsPublisher } from '../../src/realtime/index.js';
import { Line } from '../browser/support/line.js';
import { finish } from '../package/installed.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { buildExample, type Built } from './support/application.js';

declare global {
  var example: { whenStable(): Promise<void>; destroy(): void };
  var rendered: Element[];
}

/** The page that is served, and the user that its API signs in. */
interface Served {
  html: string;
  script: string;
  user: string;
}

const SERVED = Symbol('served');

const EMPTY = '<!doctype html><title>page</title><link rel="icon" href="data:,"><app-root></app-root>';

/** The page, and the API that it uses. */
@Controller()
class PageController {
  constructor(
    @Inject(SERVED) private readonly served: Served,
    private readonly events: EventsPublisher,
  ) {}

  @Get()
  @Header('Content-Type', 'text/html')
  html(): string {
    return this.served.html;
  }

  @Get('main.js')
  @Header('Content-Type', 'text/javascript')
  script(): string {
    return this.served.script;
  }

  @Post('api/auth/login')
  signIn(): { readonly token: string } {
    return { token: signToken({ sub: this.served.user }) };
  }

  @Post('api/apps')
  async create(@Body() { name }: { readonly name: string }): Promise<object> {
    await this.events.emit('apps:created', { id: name, name });
    return {};
  }
}

describe('examples/angular, compiled by Angular, in Chromium', () => {
  let root: string;
  let built: Built;
  let browser: Browser;
  let app: RealtimeApp;
  let line: Line;
  let page!: Page;
  let complaints: string[];
  const served: Served = { html: '', script: '', user: '' };

  beforeAll(async () => {
    root = await makeTemporaryDirectory();
    [built, browser, app] = await Promise.all([
      buildExample(root),
      launchChromium(),
      RealtimeApp.start(
        { presenceGraceMs: 0, channels: [{ name: 'users:online', access: 'authenticated', presence: true }] },
        { controllers: [PageController], providers: [{ provide: SERVED, useValue: served }] },
      ),
    ]);
    line = await Line.open(app.port);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await line?.close();
    await app?.close();
    await removeDirectory(root);
  });
  beforeEach(() => {
    served.user = 'ada';
    complaints = [];
  });
  afterEach(async () => {
    await page?.close();
    await until(() => app.registry.size === 0); // the next test sees only its own connection
    if (complaints.length > 0) throw new Error(`The console shows:\n${complaints.join('\n')}`);
  });

  /** Opens a page with this content. */
  async function open(script: string, html = EMPTY, hash = ''): Promise<void> {
    const remember = `<script>rendered = [...document.querySelectorAll('h1, ol')]</script>`;
    served.html = `${html}${remember}<script type="module" src="/main.js"></script>`;
    served.script = script;
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      const isNoise = /ERR_|WebSocket connection/.test(message.text());
      if (!isNoise && /warning|error/.test(message.type())) complaints.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${line.port}/${hash}`);
  }

  const expectText = (selector: string, text: RegExp | string): Promise<void> =>
    page.locator(selector, { hasText: text }).waitFor();
  const signIn = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expectText('h1', /^connected$/);
    await page.locator('app-feed p').waitFor({ state: 'detached' }); // the feed is subscribed
  };
  const subscriptions = (): string[] => [...app.registry.all()].flatMap((one) => [...one.subscriptions.keys()]).sort();

  it('is bundled without a compiler', () => {
    expect(built.inputs.filter((path) => path.includes('@angular/core/'))).not.toEqual([]);
    expect(built.inputs.filter((path) => path.includes('@angular/compiler'))).toEqual([]);
  });

  describe.each(['zoneless', 'zone'] as const)('%s', (kind) => {
    beforeEach(() => open(built.scripts[kind]));

    it('shows events and members, follows an input to another channel, and leaves nothing behind', async () => {
      await signIn();
      await expectText('header p', 'ada, 1 here, 0 created');
      expect(subscriptions()).toEqual(['apps:created', 'users:online']);
      await page.getByLabel('Application').fill(`app ${kind}.`);
      await page.getByRole('button', { name: 'Create' }).click();
      await expectText('app-feed li', `app ${kind}.`);
      await expectText('header p', '1 created');
      await page.locator('select').selectOption('apps:deleted');
      await page.locator('app-feed li', { hasText: 'apps:created' }).first().waitFor({ state: 'detached' });
      await page.locator('app-feed p').waitFor({ state: 'detached' });
      await app.events.emit('apps:deleted', { id: `${kind}.` });
      await expectText('app-feed li', `apps:deleted ${kind}.`);
      expect(subscriptions()).toEqual(['apps:created', 'apps:deleted', 'users:online']);
      await page.evaluate(() => example.destroy());
      await until(() => app.registry.size === 0);
    });

    it('is stable while it is connected, and resumes after a break', async () => {
      await signIn();
      await page.evaluate(() => example.whenStable());
      line.cut();
      await expectText('h1', /waiting|connecting/);
      await app.events.emit('apps:created', { id: '2', name: `${kind} meanwhile` });
      line.restore();
      await expectText('app-feed li', `apps:created ${kind} meanwhile`);
      await expectText('h1', /^connected$/);
    });

    it('continues as the next user after a sign-out', async () => {
      await signIn();
      await app.events.emit('apps:created', { id: '3', name: 'of ada' });
      await expectText('header p', 'ada, 1 here, 1 created');
      await page.getByRole('button', { name: 'Sign out' }).click();
      served.user = 'grace';
      await signIn();
      await expectText('header p', 'grace, 1 here, 0 created');
    });
  });

  it('is rendered by a server without a connection, and hydrated without a difference', async () => {
    const printed = await finish(process.execPath, [built.server]); // ends: nothing is left open
    const html = printed.slice(printed.indexOf('<!')); // after messages of Angular
    expect(html).toContain('<h1 title="not connected yet">idle</h1>');
    expect(html).toContain('unknown, 0 here, 0 created');
    expect(html).toMatch(/ngh="\d+"/);
    await open(built.scripts.hydrated, html, `#${signToken({ sub: 'ada' })}`);
    await expectText('header p', 'ada, 1 here, 0 created');
    await expectText('h1', /^connected$/);
    expect(await page.evaluate(() => rendered.map((element) => element.isConnected))).toEqual([true, true]);
  });
});
