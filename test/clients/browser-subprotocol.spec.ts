import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

interface Outcome {
  readonly opened: boolean;
  readonly protocol: string;
  readonly first: { readonly type?: string; readonly code?: string; readonly user?: { readonly userId: string } };
  readonly code?: number;
}

describe('a browser with the token in the subprotocol', () => {
  let browser: Browser;
  let page: Page;
  let app: RealtimeApp;

  beforeAll(async () => {
    [browser, app] = await Promise.all([launchChromium(), RealtimeApp.start({ origins: ['null'] })]);
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** Opens a socket in the page and returns its outcome: its first frame, or its close. */
  const open = (protocols: string[], untilClosed = false): Promise<Outcome> =>
    page.evaluate(
      ({ url, protocols: offered, untilClosed: toTheEnd }) =>
        new Promise<Outcome>((resolve) => {
          const socket = new WebSocket(url, offered);
          let opened = false;
          let first = {};
          const outcome = (code?: number): void =>
            resolve({ opened, protocol: socket.protocol, first, ...(code === undefined ? {} : { code }) });
          socket.addEventListener('open', () => (opened = true));
          socket.addEventListener('close', ({ code }) => outcome(code));
          socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
            first = JSON.parse(data) as object;
            if (toTheEnd) return;
            outcome();
            socket.close();
          });
        }),
      { url: app.url, protocols, untilClosed },
    );

  const token = signToken({ sub: 'proto' });

  it("connects with ['token-…'] alone", async () => {
    const outcome = await open([`token-${token}`]);
    expect(outcome).toMatchObject({ opened: true, protocol: `token-${token}`, first: { user: { userId: 'proto' } } });
  });

  it("connects with ['realtime.v1', 'token-…'], and the token is not echoed", async () => {
    const outcome = await open(['realtime.v1', `token-${token}`]);
    expect(outcome).toMatchObject({ opened: true, protocol: 'realtime.v1', first: { user: { userId: 'proto' } } });
  });

  it('connects without a subprotocol', async () => {
    expect(await open([])).toMatchObject({ opened: true, protocol: '', first: { type: 'connected', user: null } });
  });

  it('receives the reason why a bad token is refused', async () => {
    expect(await open(['token-rubbish'], true)).toMatchObject({
      opened: true,
      first: { type: 'error', code: 'token_invalid' },
      code: 4401,
    });
  });
});
