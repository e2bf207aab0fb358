import { jest } from '@jest/globals';
import { TokenSource } from './token-source.js';

const EXPIRED = { type: 'error', code: 'token_expired' } as const;

/** Gets a token that is valid for five seconds, and connects with it. */
async function connect(source: TokenSource): Promise<string> {
  source.kind = 'short';
  const asked = source.get({ reason: 'connect', signal: new AbortController().signal }, false);
  await jest.advanceTimersByTimeAsync(100);
  const token = (await asked)!;
  source.receives({ type: 'connected' }, token);
  return token;
}

/** @returns problems that the source reports */
async function problemsOf(test: (source: TokenSource) => Promise<void>): Promise<readonly string[]> {
  const problems: string[] = [];
  jest.useFakeTimers();
  await test(new TokenSource((problem) => problems.push(problem)));
  return problems;
}

describe('the tokens of a random walk', () => {
  it('reports a client that lets its token expire', async () => {
    const problems = await problemsOf(async (source) => {
      source.receives({ type: 'authenticated' }, await connect(source));
      await jest.advanceTimersByTimeAsync(4_900);
      source.receives(EXPIRED, 'ada/short/1');
    });
    expect(problems).toEqual(['a token is not renewed before it expires']);
  });

  it('expects no renewal of a token that the server accepted just before its expiry, long after it was sent', async () => {
    const problems = await problemsOf(async (source) => {
      const token = await connect(source);
      await jest.advanceTimersByTimeAsync(4_400);
      source.receives({ type: 'connected' }, token); // on another connection
      source.receives({ type: 'authenticated' }, token);
      await jest.advanceTimersByTimeAsync(500);
      source.receives(EXPIRED, token);
    });
    expect(problems).toEqual([]);
  });

  it('reports a renewal of a token without an expiry', async () => {
    const problems = await problemsOf(async (source) => {
      source.receives({ type: 'authenticated' }, 'ada/good/1');
      void source.get({ reason: 'expiring', signal: new AbortController().signal }, true);
    });
    expect(problems).toEqual(['a token without an expiry is renewed']);
  });
});
