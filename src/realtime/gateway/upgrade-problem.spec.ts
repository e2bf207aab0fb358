import { upgradeProblem } from './upgrade-problem.js';

describe('upgradeProblem', () => {
  const valid = {
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  };
  const problemWith = (headers: object, method = 'GET') =>
    upgradeProblem({ method, headers: { ...valid, ...headers } });

  it.each([{}, { upgrade: 'WebSocket' }, { 'sec-websocket-version': '8' }])('accepts a handshake: %j', (headers) => {
    expect(problemWith(headers)).toBeNull();
  });

  it.each([
    ['another protocol', { upgrade: 'h2c' }, '426', 'instead of "h2c"'],
    ['no protocol', { upgrade: undefined }, '426', 'instead of ""'],
    ['no key', { 'sec-websocket-key': undefined }, '400', 'Sec-WebSocket-Key'],
    ['a key of another length', { 'sec-websocket-key': 'dGhl' }, '400', 'Sec-WebSocket-Key'],
    ['another version', { 'sec-websocket-version': '7' }, '426', 'instead of "7"'],
    ['no version', { 'sec-websocket-version': undefined }, '426', 'instead of ""'],
  ])('refuses %s', (_what, headers, status, sentence) => {
    const problem = problemWith(headers);
    expect(problem?.status.startsWith(status)).toBe(true);
    expect(problem?.message).toContain(sentence);
  });

  it('refuses another method, and names what the server supports', () => {
    expect(problemWith({}, 'POST')).toMatchObject({ status: '400 Bad Request', headers: {} });
    expect(problemWith({ upgrade: 'h2c' })?.headers).toEqual({ Connection: 'Upgrade, close', Upgrade: 'websocket' });
    expect(problemWith({ 'sec-websocket-version': '7' })?.headers).toEqual({ 'Sec-WebSocket-Version': '13' });
  });

  it('quotes at most a hundred characters', () => {
    expect(problemWith({ upgrade: 'x'.repeat(101) })?.message).toContain(`"${'x'.repeat(100)}"`);
  });
});
