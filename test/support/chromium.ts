import { chromium, type Browser } from 'playwright-core';
import { findProgram } from './programs.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** It stays quiet: no sandbox (tests may run as root), no GPU, nothing asked of the network by itself. */
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
 * Starts the system's own Chromium, headless; close it at the end.
 * @param backForwardCache whether pages that one leaves are kept, as users have it; then `goBack` never tells of a load
 */
export function launchChromium({ backForwardCache = false } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findProgram(NAMES, 'chromium'),
    args: FLAGS,
    ignoreDefaultArgs: backForwardCache ? ['--disable-back-forward-cache'] : [],
  });
}
