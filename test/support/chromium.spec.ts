import { launchChromium } from './chromium.js';

it('launchChromium starts a browser that runs a page', async () => {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.setContent('<title>hello</title>');
    expect(await page.title()).toBe('hello');
  } finally {
    await browser.close();
  }
});
