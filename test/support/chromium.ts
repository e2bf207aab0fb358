import { chromium, type Browser } from 'playwright-core';
import { findProgram } from './programs.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Features that are off: popups of the address bar, two pages of Chromium's interface that each window loads (a third of a
 * second of CPU), then what Playwright disables, because this list replaces its list.
 */
const DISABLED = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'MediaRouter'],
  ...['OptimizationHints', 'PaintHolding', 'ThirdPartyStoragePartitioning'],
];

/** No sandbox (tests can run as root), no GPU, no background network requests. */
const FLAGS = [
  `--disable-features=${DISABLED.join(',')}`,
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts the installed Chromium, headless. The caller closes it.
 * @param backForwardCache enables the back/forward cache, as for real users. `goBack` then never reports a load
 */
export function launchChromium({ backForwardCache = false } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findProgram(NAMES, 'chromium'),
    args: FLAGS,
    ignoreDefaultArgs: backForwardCache ? ['--disable-back-forward-cache'] : [],
  });
}
