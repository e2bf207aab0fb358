import { Api, ApiError, describeError } from './api/api.js';

/** The characters of a token: those that a header can carry. */
const TOKEN = /^[\w.~+/=-]+$/;

export const isToken = (text: unknown): text is string => typeof text === 'string' && TOKEN.test(text);

/** The token of an administrator, or the reason why there is none. */
export type SessionResult = { readonly token: string } | { readonly problem: string };

/** There is no session, or it belongs to a user who is not an administrator. */
const NO_SESSION = new Set([204, 401, 403]);

/**
 * Gets the token of the application's session from its route, and verifies that it is an administrator's. The request
 * carries the cookies of this host. A redirect, for example to a sign-in page, is an error and not followed.
 */
export async function tokenOfSession(route: string): Promise<SessionResult> {
  let token: unknown;
  try {
    const response = await fetch(route, {
      method: 'POST',
      credentials: 'same-origin',
      redirect: 'error',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: '{}',
    });
    if (NO_SESSION.has(response.status)) return { problem: 'Your application has no session of an administrator here' };
    if (!response.ok) return { problem: `${route} responded with status ${response.status}` };
    ({ token } = ((await response.json()) ?? {}) as { token?: unknown });
  } catch {
    return { problem: `${route} did not respond with JSON` };
  }
  if (!isToken(token)) return { problem: `${route} responded without a token` };
  try {
    await new Api(token).get('whoami');
    return { token };
  } catch (error) {
    return { problem: error instanceof ApiError && error.status === 401 ? NO_LONGER : describeError(error) };
  }
}

const NO_LONGER = 'The session of your application has ended';
