import { chromium, type Browser } from 'playwright-core';
import { findProgram } from './programs.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** No sandbox (tests can run as root), no GPU, no background network requests. */
const FLAGS = [
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
