import type { Browser, Page } from 'playwright-core';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { ServedPage } from './support/served-page.js';

interface Scenario {
  readonly url: string;
  readonly token: string;
}

interface Angular {
  /** Tasks begun inside the zone: Angular waits for them and then checks for changes. */
  readonly tasks: string[];
  run(name: string, scenario: Scenario): Promise<unknown>;
}

declare global {
  var angular: Angular;
}

/** A zone like Angular's `NgZone` that records the tasks scheduled inside it. */
const SCRIPT = `
import 'zone.js';
import { createRealtimeClient, follow } from './src/client/index.ts';
import { sharedWebSocket } from './src/client/shared/index.ts';

const tasks = [];
const zone = Zone.root.fork({
  name: 'angular',
  properties: { isAngularZone: true },
  onScheduleTask(parent, current, target, task) {
    if (task.type !== 'microTask') tasks.push(task.type + ' ' + task.source);
    return parent.scheduleTask(target, task);
  },
});
// zone.js does not track native await: the code after it runs outside the zone, so each call enters the zone again.
const inZone = (work) => zone.run(work);
const never = new Promise(() => undefined);
const until = (client, wanted) =>
  new Promise((resolve) => {
    const look = () => client.state === wanted && resolve(client);
    client.on('state', look);
    look();
  });
const subscribed = (channel) =>
  new Promise((resolve) => {
    const look = () => channel.state === 'subscribed' && resolve(channel);
    channel.on('state', look);
    look();
  });

const scenarios = {
  control() {
    clearTimeout(setTimeout(() => undefined, 1e9));
    new WebSocket('ws://127.0.0.1:1').onmessage = () => undefined;
  },
  async connected({ url, token }) {
    const client = createRealtimeClient({ url, token });
    const channel = client.channel('apps:created');
    channel.subscribe();
    await subscribed(channel);
    const zones = [];
    const received = new Promise((resolve) =>
      channel.on('event', () => {
        zones.push(Zone.current.name);
        zone.run(() => zones.push(Zone.current.name));
        resolve();
      }),
    );
    globalThis.isListening = true;
    await received;
    inZone(() => client.wake());
    await inZone(() => client.request({ type: 'ping' }, { timeoutMs: 60_000 }));
    inZone(() => client.close());
    return zones;
  },
  async waiting() {
    // No server listens on this port.
    const client = createRealtimeClient({ url: 'ws://127.0.0.1:1/ws', token: 'JWT', minDelayMs: 30_000 });
    client.connect();
    await until(client, 'waiting');
    inZone(() => client.wake());
    await until(client, 'connecting');
    await until(client, 'waiting');
    client.close();
  },
  async tokens({ url, token }) {
    let isAsked;
    const asked = new Promise((resolve) => (isAsked = resolve));
    const getToken = ({ reason }) => {
      setInterval(() => undefined, 1e6);
      if (reason !== 'reauthenticate') return token;
      isAsked();
      return never;
    };
    const client = createRealtimeClient({ url, getToken, minDelayMs: 30_000 });
    client.connect();
    await until(client, 'connected');
    inZone(() => client.reauthenticate().catch(() => undefined));
    await asked;
    client.close();
  },
  async follows({ url, token }) {
    const client = createRealtimeClient({ url, token });
    const channel = client.channel('apps:created');
    channel.subscribe();
    await subscribed(channel);
    let isAsked;
    const asked = new Promise((resolve) => (isAsked = resolve));
    const load = () => {
      setInterval(() => undefined, 1e6);
      isAsked();
      return never;
    };
    const stop = inZone(() => follow(channel, { load, onLoad: () => undefined, onEvent: () => undefined }));
    await asked;
    stop();
    client.close();
  },
  async shared({ url, token }) {
    const options = { url, token };
    const clients = ['one', 'two'].map(() =>
      createRealtimeClient({ ...options, WebSocket: sharedWebSocket({ name: 'user' }) }),
    );
    for (const client of clients) {
      inZone(() => client.connect());
      await until(client, 'connected');
    }
    for (const client of clients) inZone(() => client.close());
  },
};
globalThis.angular = { tasks, run: (name, scenario) => zone.run(() => scenarios[name](scenario)) };`;

describe('the client in a page with zone.js, as in Angular, in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let app: RealtimeApp;
  let served: ServedPage;

  beforeAll(async () => {
    [served, browser, app] = await Promise.all([ServedPage.serve(SCRIPT), launchChromium(), RealtimeApp.start()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    served?.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    await page.goto(served.origin);
  });
  afterEach(() => page.close());

  const run = (name: string): Promise<unknown> =>
    page.evaluate(([what, scenario]) => angular.run(what, scenario), [
      name,
      { url: app.url, token: signToken({ sub: 'u1' }) },
    ] as const);
  const tasks = (): Promise<string[]> => page.evaluate(() => angular.tasks);

  it('runs in a zone that records timers and sockets', async () => {
    await run('control');
    expect(await tasks()).toEqual(['macroTask setTimeout', expect.stringContaining('eventTask WebSocket')]);
  });

  it('begins no task while it is connected, receives events outside the zone, and NgZone.run enters it again', async () => {
    const zones = run('connected');
    await page.waitForFunction('globalThis.isListening');
    await app.events.emit('apps:created', { id: '1', name: 'one' });
    expect(await zones).toEqual(['<root>', 'angular']);
    expect(await tasks()).toEqual([]);
  });

  it.each([
    ['waits to reconnect', 'waiting'],
    ['waits for a token, whose source has timers', 'tokens'],
    ['follows, while the loader hangs and has timers', 'follows'],
    ['shares a connection with other tabs', 'shared'],
  ])('begins no task while it %s', async (_, name) => {
    await run(name);
    expect(await tasks()).toEqual([]);
  });
});
