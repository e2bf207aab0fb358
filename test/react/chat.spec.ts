import { readFileSync } from 'node:fs';
import { spyOn } from 'jest-mock';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { blocksOf } from '../docs/support/blocks.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { CHAT_PAGE, startChatApp } from './support/chat-app.js';
import { generations, type Generation } from './support/chats.js';

declare const shown: readonly string[];

describe('useChat of the AI SDK in Chromium, with React 19, in StrictMode', () => {
  let app: RealtimeApp;
  let browser: Browser;
  let context: BrowserContext;
  let complaints: string[];
  let chat = 0;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startChatApp(), launchChromium()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    complaints = [];
    chat += 1;
    context = await browser.newContext();
  });
  afterEach(async () => {
    await context.close();
    if (complaints.length > 0) throw new Error(`The console shows:\n${complaints.join('\n')}`);
  });

  /** Opens the chat of this test in a tab. */
  async function openTab(): Promise<Page> {
    const tab = await context.newPage();
    tab.on('console', (message) => {
      if (!/React DevTools|ERR_|WebSocket connection/.test(message.text())) complaints.push(message.text());
    });
    tab.on('pageerror', (error) => complaints.push(error.message));
    await tab.goto(`${app.http}/?chat-${chat}`);
    return tab;
  }
  async function ask(tab: Page, text: string): Promise<Generation> {
    const before = generations.length;
    await tab.locator('input:enabled').fill(text);
    await tab.keyboard.press('Enter');
    while (generations.length === before) await nextFrame(tab);
    return generations.at(-1)!;
  }
  const nextFrame = (tab: Page): Promise<unknown> => tab.evaluate(() => new Promise(requestAnimationFrame));
  const expectLines = (tab: Page, ...lines: string[]): Promise<unknown> =>
    tab.waitForFunction(
      (expected) => Array.from(document.querySelectorAll('p'), (line) => line.textContent).join('|') === expected,
      lines.join('|'),
    );
  /** Waits until the user can ask the next question. */
  const isReady = (tab: Page): Promise<unknown> => tab.locator('input:enabled').waitFor();

  it('is the server of the docs', () => {
    const code = blocksOf(CHAT_PAGE).find(({ language }) => language === 'ts')!.code;
    const file = readFileSync('test/react/support/chat-commands.ts', 'utf8');
    expect(code).toBe(file.replace(`'../../../src/realtime/index.js'`, `'nestjs-realtime'`));
  });

  it('shows each token of an answer, then the answer of the next question', async () => {
    const tab = await openTab();
    const first = await ask(tab, 'hello');
    first.say('Good ');
    await expectLines(tab, 'user: hello', 'assistant: Good ');
    first.say('morning');
    await expectLines(tab, 'user: hello', 'assistant: Good morning');
    first.finish();
    const second = await ask(tab, 'how are you?');
    second.say('Fine');
    second.finish();
    await expectLines(tab, 'user: hello', 'assistant: Good morning', 'user: how are you?', 'assistant: Fine');
    await isReady(tab);
    // The first answer is never shown in place of the second.
    const texts = await tab.evaluate(() => shown);
    expect(texts.filter((text) => /you\?\|assistant: (?!$|Fine$)/.test(text))).toEqual([]);
  });

  it('continues an answer after a reload of the page, from its beginning and once', async () => {
    const tab = await openTab();
    const answer = await ask(tab, 'hello');
    answer.say('Good ');
    await expectLines(tab, 'user: hello', 'assistant: Good ');
    await tab.reload();
    answer.say('morning, ');
    await expectLines(tab, 'user: hello', 'assistant: Good morning, ');
    answer.say('Ada');
    answer.finish();
    await expectLines(tab, 'user: hello', 'assistant: Good morning, Ada');
    await isReady(tab);
    const possible = /^(user: hello(\|assistant: (Good (morning, (Ada)?)?)?)?)?$/;
    expect((await tab.evaluate(() => shown)).filter((text) => !possible.test(text))).toEqual([]);
    expect(generations.filter(({ signal }) => signal?.aborted)).toEqual([]);
  });

  it('shows an answer that ended while the page was closed', async () => {
    const tab = await openTab();
    const answer = await ask(tab, 'hello');
    await tab.close();
    answer.say('Good morning');
    answer.finish();
    const next = await openTab();
    await expectLines(next, 'user: hello', 'assistant: Good morning');
    await isReady(next);
  });

  it('stops the model after a reload, and the user can ask again at once', async () => {
    const tab = await openTab();
    const answer = await ask(tab, 'hello');
    answer.say('Good ');
    await expectLines(tab, 'user: hello', 'assistant: Good ');
    await tab.reload();
    await expectLines(tab, 'user: hello', 'assistant: Good ');
    const isAborted = new Promise((resolve) => answer.signal?.addEventListener('abort', resolve));
    await tab.getByText('Stop').click();
    const next = await ask(tab, 'again');
    await isAborted;
    next.say('Yes');
    next.finish();
    await expectLines(tab, 'user: hello', 'assistant: Good ', 'user: again', 'assistant: Yes');
    await isReady(tab);
  });

  it('shows that the model has failed, and asks again', async () => {
    const tab = await openTab();
    const answer = await ask(tab, 'hello');
    const secret = new Error('a secret of the server');
    const log = spyOn(console, 'error').mockImplementation(() => undefined);
    answer.say('Good ');
    answer.fail(secret);
    await tab.getByText('An error occurred. Try again').click();
    while (generations.at(-1) === answer) await nextFrame(tab);
    generations.at(-1)!.say('Better');
    generations.at(-1)!.finish();
    await expectLines(tab, 'user: hello', 'assistant: Better');
    await isReady(tab);
    expect(log.mock.calls).toEqual([[secret]]); // the AI SDK logs it
    log.mockRestore();
  });

  it('shows questions and answers of another tab, which can stop them', async () => {
    const [one, other] = [await openTab(), await openTab()];
    const answer = await ask(one, 'hello');
    answer.say('Good ');
    await expectLines(one, 'user: hello', 'assistant: Good ');
    await expectLines(other, 'user: hello', 'assistant: Good ');
    answer.say('morning');
    await expectLines(other, 'user: hello', 'assistant: Good morning');
    await other.getByText('Stop').click();
    await Promise.all([isReady(one), isReady(other)]);
    expect(answer.signal?.aborted).toBe(true);
    await expectLines(one, 'user: hello', 'assistant: Good morning');
    await expectLines(other, 'user: hello', 'assistant: Good morning');
    const next = await ask(other, 'and now?');
    next.say('Here');
    next.finish();
    await expectLines(one, 'user: hello', 'assistant: Good morning', 'user: and now?', 'assistant: Here');
  });
});
