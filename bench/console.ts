import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { ADMIN, Api } from '../test/platform/support/api.js';
import { launchChromium } from '../test/support/chromium.js';
import { signToken, TEST_SECRET } from '../test/support/jwt.js';
import { PlatformProcess } from '../test/support/platform-process.js';
import { withRedis } from './redis.js';
import { sleep } from './clock.js';

/**
 * Measures the cost of the console with many connections, and how smoothly it runs: two instances over Redis, the
 * system's Chromium. `npm run bench:console -- --connections 10000` prints a line for each value.
 */
const { values } = parseArgs({ options: { connections: { type: 'string', default: '10000' } } });
const CROWD = Number(values.connections);
const WATCHED_MS = 10_000;
const TICKS_PER_SECOND = 100; // of /proc, on every Linux

await withRedis(async (redisUrl) => {
  const env = {
    ...{ JWT_SECRET: TEST_SECRET, REDIS_URL: redisUrl, TLS_PORT: '0' },
    ...{ REALTIME_OPERATOR_API: 'true', REALTIME_CONSOLE: 'true' },
    ...{
      REALTIME_MAX_CONNECTIONS_PER_ADDRESS: String(CROWD),
      REALTIME_HANDSHAKES_PER_SECOND: '100000',
      REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '100000',
    },
  };
  const instances = await Promise.all([PlatformProcess.start({ env }), PlatformProcess.start({ env })]);
  const [one] = instances;
  const crowd: WebSocket[] = [];
  let browser: Browser | undefined;
  try {
    for (let begun = 0; begun < CROWD; begun += 200) {
      const many = Array.from({ length: 200 }, (_, n) => enter(instances[n % 2]!, begun + n));
      crowd.push(...(await Promise.all(many)));
    }
    const admin = await Api.signIn(one, ADMIN);
    say('connections', CROWD);
    say('CPU time of an instance, no console open, ms/s', await busy(one));

    browser = await launchChromium();
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(60_000);
    await page.goto(`${one.url}/realtime/console`);
    await page.getByLabel('Admin token').fill(admin.token!);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.locator('[data-metric=connections]').waitFor();
    say('CPU time of an instance, one console open on its overview, ms/s', await busy(one));

    const found = (text: string): Promise<void> => page.getByText(`${text} found`, { exact: true }).waitFor();
    const all = CROWD.toLocaleString('en');
    say(
      'first page of the connections, ms',
      await timed(async () => {
        await page.getByRole('navigation').getByRole('button', { name: 'Connections', exact: true }).click();
        await found(all);
      }),
    );
    say(
      'found by a search (including the 150 ms debounce), ms',
      await timed(async () => {
        await page.getByLabel('Search').fill(`crowd-${CROWD - 1}`);
        await found('1');
      }),
    );
    await page.getByLabel('Search').fill('');
    await found(all);
    const { frames, p99, slowest, longTasks, rows } = await scrollThrough(page, CROWD);
    say('scrolled through all of them, frames per second', frames);
    say('  the 99th of 100 frames, and the slowest, ms', `${p99}, ${slowest}`);
    say('  tasks of more than 50 ms', longTasks);
    say('  rows in the page at the end', rows);
    say(
      'sorted by another column, ms',
      await timed(async () => {
        await page.getByRole('columnheader', { name: 'User' }).getByRole('button').click();
        await page.locator('[aria-rowindex="2"][data-connection]', { hasText: 'crowd-0' }).waitFor();
      }),
    );
  } finally {
    for (const socket of crowd) socket.terminate();
    await browser?.close();
    await Promise.all(instances.map((instance) => instance.stop('SIGKILL')));
  }
});

function say(name: string, value: number | string): void {
  process.stdout.write(`${name}: ${typeof value === 'number' ? value.toLocaleString('en') : value}\n`);
}

async function enter({ wsUrl }: PlatformProcess, n: number): Promise<WebSocket> {
  const socket = new WebSocket(`${wsUrl}?token=${signToken({ sub: `crowd-${n}` })}`, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send('{"type":"subscribe","channel":"announcements"}'));
    socket.on('message', (text: Buffer) => {
      if (text.includes('"subscribed"')) resolve(socket);
      if (text.includes('"error"')) reject(new Error(String(text)));
    });
  });
}

/** Returns the CPU time of a process in one second, in milliseconds. */
async function busy({ pid }: PlatformProcess): Promise<number> {
  const ticks = async (): Promise<number> => {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    return Number(fields[11]) + Number(fields[12]); // user and system time, counted from the end of the name
  };
  const before = await ticks();
  await sleep(WATCHED_MS);
  return Math.round((((await ticks()) - before) * 1_000) / TICKS_PER_SECOND / (WATCHED_MS / 1_000));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return Math.round(performance.now() - before);
}

/** Scrolls one screen in each frame, to the last row. Pages load on the way. */
function scrollThrough(page: Page, rows: number) {
  return page.evaluate(async (last) => {
    let longTasks = 0;
    const observer = new PerformanceObserver((list) => (longTasks += list.getEntries().length));
    observer.observe({ type: 'longtask' });
    const scroll = document.querySelector('.grid-scroll')!;
    const took: number[] = [];
    let before = await new Promise<number>(requestAnimationFrame);
    while (document.querySelector(`[aria-rowindex="${last + 1}"]`) === null) {
      scroll.scrollTop += 600;
      const now = await new Promise<number>(requestAnimationFrame);
      took.push(now - before);
      before = now;
    }
    observer.disconnect();
    const sorted = took.toSorted((a, b) => a - b);
    const total = took.reduce((sum, one) => sum + one, 0);
    return {
      frames: Math.round((took.length * 1_000) / total),
      p99: Math.round(sorted[Math.floor(sorted.length * 0.99)]!),
      slowest: Math.round(sorted.at(-1)!),
      longTasks,
      rows: document.querySelectorAll('[data-connection]').length,
    };
  }, rows);
}
