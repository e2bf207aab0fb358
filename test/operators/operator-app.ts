import { signToken } from '../support/jwt.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';

/** Time limit, long enough for an instance that does not answer a query, on a busy machine. */
const PATIENCE_MS = 20_000;

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Calls a route of the API for operators as an administrator, unless another `authorization` is given; `''` for none. */
export async function call<Body = { message: string }>(
  app: Pick<RealtimeApp, 'http'>,
  route: string,
  { method = 'GET', authorization = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}` } = {},
): Promise<Answer<Body>> {
  const response = await fetch(`${app.http}/realtime/${route}`, {
    method,
    headers: authorization === '' ? {} : { authorization },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

/** Returns the body of an answer to an administrator. @throws Error unless its status is 200 */
export async function answerOf<Body>(app: Pick<RealtimeApp, 'http'>, route: string, method = 'GET'): Promise<Body> {
  const { status, body } = await call<Body>(app, route, { method });
  if (status !== 200) throw new Error(`${method} ${route} answered ${status}: ${JSON.stringify(body)}`);
  return body;
}
