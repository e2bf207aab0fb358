import { messageOf, upgradeProblem, waitOf } from './http-answer.js';

const problemOf = (status: number, headers = {}, body = '', origin?: string): string => {
  const { problem, advice } = upgradeProblem({ status, headers, body }, { origin });
  return [problem, ...advice].join(' ');
};

describe('an HTTP answer instead of an upgrade', () => {
  it.each([
    [301, { location: 'https://api.example/ws' }, 'redirects to https://api.example/ws: use that address'],
    [200, {}, 'proxy_set_header Upgrade $http_upgrade;'],
    [400, {}, 'proxy_set_header Connection "upgrade";'],
    [426, {}, 'proxy_http_version 1.1;'],
    [401, {}, 'refused this token many times'],
    [403, {}, 'A proxy or a firewall refuses the request'],
    [404, {}, 'The path is wrong (option path of the server, /ws by default)'],
    [429, { 'retry-after': '7' }, 'Try again in 7 s'],
    [502, {}, 'The proxy cannot reach the API'],
    [503, { 'retry-after': 'Fri, 31 Dec 2027 23:59:59 GMT' }, 'Try again after Fri, 31 Dec 2027 23:59:59 GMT'],
    [504, {}, 'The proxy cannot reach the API'],
  ])('explains %s', (status, headers, expected) => {
    expect(problemOf(status, headers)).toContain(`HTTP ${status}`);
    expect(problemOf(status, headers)).toContain(expected);
  });

  it('names the web site of a refused origin', () => {
    expect(problemOf(403, {}, '', 'https://app.example')).toContain('Add https://app.example to the option origins');
  });

  it('recognizes the answer of nginx to ws: on a TLS port', () => {
    const body = '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>';
    expect(problemOf(400, { 'content-type': 'text/html' }, body)).toContain('write wss:// instead of ws://');
  });

  it('has the message of JSON, the title of a page, or the first characters of a text', () => {
    expect(messageOf({ headers: {}, body: '{"message":"This path serves WebSocket."}' })).toBe(
      'This path serves WebSocket.',
    );
    expect(messageOf({ headers: {}, body: '<html><title>Not\n found</title>x' })).toBe('Not found');
    expect(messageOf({ headers: { 'content-type': 'text/html' }, body: 'no title' })).toBe('');
    expect(messageOf({ headers: {}, body: 'x'.repeat(500) })).toBe(`${'x'.repeat(200)}…`);
    expect(messageOf({ headers: {}, body: 'red \u001B[31m' })).toBe(String.raw`red \u001b[31m`);
    expect(messageOf({ headers: {}, body: '{"message":5}' })).toBe('');
    expect(messageOf({ headers: {}, body: 'null' })).toBe('null');
  });

  it('says when to try again', () => {
    expect([waitOf({}), waitOf({ 'retry-after': '3' })]).toEqual(['later', 'in 3 s']);
  });
});
