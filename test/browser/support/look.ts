import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

export const DESKTOP = { viewport: { width: 1440, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Folder for screenshots, for a person to look at; none unless given. */
const SCREENSHOTS = process.env['SCREENSHOT_DIR'];

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** Returns the accessibility problems that axe finds, in a line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run();
    return found.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  });
}

/** Returns the texts that do not fit their element, or the page. @param except elements that scroll on purpose */
export function cutOff(page: Page, except = '.unseen'): Promise<string[]> {
  return page.evaluate((selector) => {
    const tooWide = [...document.querySelectorAll<HTMLElement>('main *, header *')].filter(
      (element) =>
        getComputedStyle(element).overflowX !== 'visible' &&
        !element.matches(selector) &&
        element.clientWidth > 0 &&
        element.scrollWidth > element.clientWidth + 1,
    );
    const root = document.documentElement;
    return [...tooWide, ...(root.scrollWidth > innerWidth ? [root] : [])].map(
      ({ className, textContent }) => `${className}: ${textContent.slice(0, 60)}`,
    );
  }, except);
}

declare global {
  /** The part of axe-core that the tests use. */
  var axe: { run(): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> };
}
