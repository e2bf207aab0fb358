import { chooseSubprotocol, digestCredential, findChannels, findTenant, findToken } from './token-source.js';

const find = (headers: Record<string, string>, url = '/ws') => findToken({ headers, url });
const token = (text: string) => ({ kind: 'token', token: text });
const NONE = { kind: 'none' };
const BAD = { kind: 'bad' };

describe('findToken', () => {
  it.each<[string, Record<string, string>, string | undefined, object]>([
    ['nothing', {}, '/ws', NONE],
    ['no url', {}, undefined, NONE],
    ['another parameter', {}, '/ws?tokens=a&x=token', NONE],
    ['the query', {}, '/ws?a=b&token=abc', token('abc')],
    ['an encoded query', {}, '/ws?token=a%2Bb', token('a+b')],
    ['an empty query', {}, '/ws?token=', BAD],
    ['a query without a value', {}, '/ws?token', BAD],
    ['a query twice', {}, '/ws?token=a&token=b', BAD],
    ['a ticket', {}, '/ws?ticket=abc', { kind: 'ticket', ticket: 'abc' }],
    ['a token before a ticket', {}, '/ws?ticket=abc&token=b', token('b')],
    ['the header before a ticket', { authorization: 'Bearer a' }, '/ws?ticket=b', token('a')],
    ['an empty ticket', {}, '/ws?ticket=', BAD],
    ['a ticket twice', {}, '/ws?ticket=a&ticket=b', BAD],
    ['a second question mark, which counts as &', {}, '/ws?channels=x?token=a', token('a')],
    ['two tokens, the second after a question mark', {}, '/ws?token=a?token=b', BAD],
    ['an encoded question mark, which is part of a value', {}, '/ws?x=a%3Ftoken=b', NONE],
    ['the header', { authorization: 'Bearer abc' }, '/ws', token('abc')],
    ['a header with spaces', { authorization: '  BEARER   abc  ' }, '/ws', token('abc')],
    ['an empty header', { authorization: 'Bearer ' }, '/ws?token=abc', BAD],
    ['a bare scheme', { authorization: 'Bearer' }, '/ws?token=abc', BAD],
    ['another scheme', { authorization: 'Basic abc' }, '/ws', NONE],
    ['a scheme that begins alike', { authorization: 'Bearerabc' }, '/ws', NONE],
    ['the subprotocol', { 'sec-websocket-protocol': 'a, token-abc ,b' }, '/ws', token('abc')],
    ['an empty subprotocol', { 'sec-websocket-protocol': 'token-' }, '/ws', BAD],
    ['two subprotocols', { 'sec-websocket-protocol': 'token-a, token-b' }, '/ws', BAD],
    ['a subprotocol in capitals', { 'sec-websocket-protocol': 'Token-abc' }, '/ws', NONE],
    ['the header first', { authorization: 'Bearer a', 'sec-websocket-protocol': 'token-b' }, '/ws?token=c', token('a')],
    ['the subprotocol second', { 'sec-websocket-protocol': 'token-b' }, '/ws?token=c&token=d', token('b')],
  ])('%s', (_what, headers, url, expected) => {
    expect(find(headers, url)).toEqual(expected);
  });
});

describe('findTenant', () => {
  it.each<[string, string | null | undefined]>([
    ['/ws', null],
    ['/ws?tenant=acme', 'acme'],
    ['/ws?tenant=a%20b', 'a b'],
    ['/ws?tenant=', undefined],
    ['/ws?tenant=acme&tenant=acme', undefined],
  ])('of %s is %j', (url, tenant) => expect(findTenant({ url })).toBe(tenant));
});

describe('findChannels', () => {
  it.each<[string, string, string[] | null]>([
    ['a list', '/ws?channels=apps:created,users:updated', ['apps:created', 'users:updated']],
    ['an encoded list', '/ws?channels=apps%3Acreated%2Cusers%3Aupdated', ['apps:created', 'users:updated']],
    ['a name that holds an encoded character', '/ws?channels=user:a%2520b', ['user:a%20b']],
    ['several parameters', '/ws?channels=a,b&token=x&channels=c', ['a', 'b', 'c']],
    ['a wildcard', '/ws?channels=apps:*', ['apps:*']],
    ['a token that a client appends to any URL', '/ws?channels=a,b?token=x', ['a', 'b']],
    ['a list appended after a token', '/ws?token=x?channels=a', ['a']],
    ['an empty name', '/ws?channels=a,,b', ['a', '', 'b']],
    ['an empty list', '/ws?channels=', null],
    ['no list', '/ws?channel=a', null],
    ['no query', '/ws/channels', null],
    ['invalid UTF-8', '/ws?channels=%FF', ['\uFFFD']],
  ])('%s', (_what, url, expected) => {
    expect(findChannels({ url })).toEqual(expected);
  });
});

describe('digestCredential', () => {
  const digest = (url: string): string | null => digestCredential({ headers: {}, url });

  it('is equal only for the same credential, and does not contain it', () => {
    expect(digest('/ws')).toBeNull();
    expect(digest('/ws?token=abc')).toBe(digest('/ws?x=1&token=abc'));
    const all = ['/ws?token=abc', '/ws?token=abd', '/ws?ticket=abc', '/ws?token='].map(digest);
    expect(new Set(all).size).toBe(4);
    expect(all.join()).not.toContain('abc');
  });
});

describe('chooseSubprotocol', () => {
  it.each<[string[], string | false]>([
    [[], false],
    [['chat'], false],
    [['token-a'], 'token-a'],
    [['token-a', 'token-b'], 'token-a'],
    [['token-a', 'realtime.v1'], 'realtime.v1'],
    [['chat', 'realtime.v1', 'token-a'], 'realtime.v1'],
  ])('of %j picks %s', (offered, picked) => {
    expect(chooseSubprotocol(new Set(offered))).toBe(picked);
  });
});
