import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { REACTS } from './support/hooks-page.js';

describe.each(REACTS)(
  'the hooks in realistic scenarios, in Chromium, with React %s, in StrictMode',
  (version, alias) => {
    let browser: Browser;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      const { outputFiles } = await build({
        entryPoints: ['test/react/pages/real-life.tsx'],
        bundle: true,
        write: false,
        format: 'iife',
        jsx: 'automatic',
        alias: { ...alias },
        define: { 'process.env.NODE_ENV': '"development"' },
      });
      browser = await launchChromium();
      page = await browser.newPage();
      page.on('console', (message) => {
        if (!message.text().includes('React DevTools')) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.setContent('<!doctype html><title>real life</title><body></body>');
      await page.addScriptTag({ content: outputFiles[0]!.text });
      const react = await page.evaluate(() => realLife.react);
      if (!react.startsWith(`${version}.`)) throw new Error(`This is React ${react}`);
    }, 60_000);
    afterAll(() => browser?.close());
    beforeEach(() => {
      complaints = [];
    });
    afterEach(() => {
      if (complaints.length > 0) throw new Error(`The console shows:\n${complaints.join('\n')}`);
    });

    const run = (...given: Parameters<typeof realLife.run>): Promise<unknown> =>
      page.evaluate((all) => realLife.run(...all), given);

    it('drop the events and the identity of the former user at once', async () => {
      expect(await run('otherUser')).toEqual({
        atIdentity: 'ada: one',
        after: ['nobody: ', 'grace: ', 'nobody: '],
      });
    });

    it('drop the events of a client that was replaced', async () => {
      expect(await run('otherClient')).toBe('grace: ');
    });

    it('show no presence of the former user, nor of a channel whose access was revoked', async () => {
      expect(await run('presence')).toBe('not known');
    });

    it('report invalid channel names, and continue with the others', async () => {
      expect(await run('badNames')).toEqual({
        text: 'refused: "room:a b" is not the name of a channel: use area:event',
        errors: [
          'invalid_channel: "room:a b" is not the name of a channel: use area:event',
          'invalid_channel: "apps:*" is not the name of a channel: use area:event',
          'invalid_channel: "" is not the name of a channel: use area:event',
        ],
        subscriptions: ['apps:created'],
      });
    });

    it('load and patch once for an event with any number of components, and again after a time without components', async () => {
      expect(await run('manyComponents')).toEqual({
        afterOneEvent: { loads: 2, text: `${'2'.repeat(20)}11` },
        loads: 3,
      });
    });

    it('reload after an event that arrived during the first load', async () => {
      expect(await run('firstLoad')).toBe('2');
    });

    it('drop data that was loaded for the former user', async () => {
      expect(await run('otherUsersQuery')).toBe('grace');
    });

    // React 18 has no Activity.
    if (version !== '18') {
      it.each([
        ['resumes', false, false, ['one', 'two', 'three']],
        ['gets a reset if the channel continued for others', true, false, ['one', 'reset hidden', 'three']],
        ['starts from scratch for another user', false, true, ['one', 'reset other_user', 'three']],
        [
          'starts from scratch for another user, if the channel continued for others',
          true,
          true,
          ['one', 'reset other_user', 'three'],
        ],
      ])('a component that was hidden %s', async (_, isShared, isOtherUser, log) => {
        expect(await run('hidden', isShared, isOtherUser)).toEqual(log);
      });
    }

    it('a component can create and close its client', async () => {
      expect(await run('ownClient')).toEqual({ states: ['connected', 'closed'], connections: 1 });
    });
  },
);
