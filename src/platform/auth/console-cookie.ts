import type { CookieOptions, Request, Response } from 'express';
import { CONSOLE_SESSION_PATH } from '../config/platform-config.js';

const NAME = 'platform_console';

/** The browser sends the cookie to one route. Scripts cannot read the cookie, and no other site can cause a request that has it. */
function settingsOf({ secure }: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', secure, path: CONSOLE_SESSION_PATH };
}

/** Stores the token of an administrator for the console, until the browser closes; `null` removes it. */
export function setConsoleCookie(request: Request, response: Response, token: string | null): void {
  if (token === null) response.clearCookie(NAME, settingsOf(request));
  else response.cookie(NAME, token, settingsOf(request));
}

/** Returns the token in the cookie of the console, not verified; `null` without one. */
export function readConsoleCookie({ headers: { cookie = '' } }: Pick<Request, 'headers'>): string | null {
  for (const part of cookie.split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === NAME && value !== undefined && value !== '') return value;
  }
  return null;
}
