import { mayHaveArrived, networkProblem } from './network-problem.js';

const errorOf = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('a failed connection', () => {
  it.each([
    ['ENOTFOUND', 'the host name is unknown', false],
    ['ECONNREFUSED', 'the connection was refused', false],
    ['ETIMEDOUT', 'the server does not answer', true],
    ['ECONNRESET', 'the connection was reset', true],
    ['EPROTO', 'the server does not speak TLS on this port', false],
    ['HPE_INVALID_CONSTANT', 'the server does not answer with HTTP', true],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the certificate is not valid (DEPTH_ZERO_SELF_SIGNED_CERT)', false],
    ['ESTRANGE', 'x', false],
  ])('%s: %s', (code, problem, arrived) => {
    const error = errorOf(code);
    expect(networkProblem(error).problem).toBe(problem);
    expect(mayHaveArrived(error)).toBe(arrived);
  });

  it('looks at the cause, and at the first of several addresses', () => {
    const cause = new AggregateError([errorOf('ECONNREFUSED'), errorOf('ENETUNREACH')]);
    expect(networkProblem(new TypeError('fetch failed', { cause })).problem).toBe('the connection was refused');
  });

  it('recognizes time limits', () => {
    const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    expect(networkProblem(late).problem).toBe('the server does not answer in time');
    expect(mayHaveArrived(late)).toBe(true);
    expect(networkProblem(new Error('Opening handshake has timed out')).problem).toBe(
      'the server does not answer in time',
    );
  });
});
