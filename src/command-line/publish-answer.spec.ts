import { describeAnswer } from './publish-answer.js';

const outcomeOf = (status: number, body: unknown, headers = {}, hasIdempotencyKey = false) =>
  describeAnswer({ status, headers, body: JSON.stringify(body) }, { hasIdempotencyKey });

describe('the answer to a request to publish', () => {
  it('has the id', () => {
    const body = { id: 'e-1', channel: 'c', timestamp: '2026-01-01T00:00:00.000Z' };
    expect(outcomeOf(201, body)).toEqual({ id: 'e-1', json: JSON.stringify(body) });
  });

  it.each([
    [201, { id: 'x', dropped: true }, {}, 'not sent: the data does not fit the class of the channel'],
    [201, {}, {}, 'the answer has no id'],
    [201, null, {}, 'the answer has no id'],
    [
      307,
      {},
      { location: 'https://b.example/' },
      'not published: HTTP 307\n  The server redirects to https://b.example/',
    ],
    [413, { message: 'too large' }, {}, 'not published: HTTP 413: too large\n  The data is larger'],
    [
      429,
      { message: 'slow down' },
      { 'retry-after': '2' },
      'not published: HTTP 429: slow down\n  A rate limit was exceeded. Try again in 2 s.',
    ],
    [
      503,
      { message: 'Redis', mayBePublished: false },
      {},
      'not published: HTTP 503: Redis\n  Nothing was published. Try again later.',
    ],
    [
      503,
      { message: 'draining' },
      { 'retry-after': '1' },
      'not published: HTTP 503: draining\n  Nothing was published. Try again in 1 s.',
    ],
    [418, {}, {}, 'not published: HTTP 418'],
  ])('describes %s %j', (status, body, headers, expected) => {
    expect(outcomeOf(status, body, headers)).toEqual({ problem: expect.stringContaining(expected) as string });
  });

  it('names each invalid field', () => {
    const details = [
      { field: 'data.name', message: 'must be a string' },
      { field: '', message: 'must be an object' },
      null,
    ];
    expect(outcomeOf(400, { message: 'Nothing was published', details })).toEqual({
      problem:
        'not published: HTTP 400: Nothing was published\n  data.name: must be a string\n  the event: must be an object\n  the event: is invalid',
    });
  });

  it.each([
    [500, {}],
    [502, {}],
    [503, { mayBePublished: true }],
  ])('does not claim that nothing was published after %s %j', (status, body) => {
    const { problem } = outcomeOf(status, body) as { problem: string };
    expect(problem).toContain('It is unknown if the event was published.\n  Look for it before you repeat the command');
    const keyed = outcomeOf(status, body, {}, true) as { problem: string };
    expect(keyed.problem).toContain('Repeat the same command: the --idempotency-key prevents a second event.');
  });

  it('does not claim that nothing was published if the connection broke', () => {
    const failed = { problem: 'the connection was reset', advice: ['Check it.'] };
    const options = { hasIdempotencyKey: false };
    expect(describeAnswer({ failed, mayHaveArrived: true }, options)).toEqual({
      problem: expect.stringMatching(/^no answer: the connection was reset\n {2}It is unknown/) as string,
    });
    expect(describeAnswer({ failed, mayHaveArrived: false }, options)).toEqual({
      problem: 'not published: the connection was reset\n  Check it.',
    });
  });
});
