import { BadRequestException } from '@nestjs/common';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { writeCursor } from './inspection/paging.js';
import {
  readChannelQuery,
  readConnectionQuery,
  readExplainQuery,
  readHistoryQuery,
  readTimestamp,
} from './operator-query.js';

/** Returns the sentence of the refusal. */
function refusalOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(BadRequestException);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('the query of a list of connections', () => {
  it('has defaults', () =>
    expect(readConnectionQuery({})).toEqual({ query: { sort: 'connectedAt', order: 'asc' }, limit: 100 }));

  it('reads its filters, its order and its page', () => {
    const after = { key: 12, id: 'c1' };
    const given = {
      user: 'u1',
      sort: 'connectedAt',
      order: 'desc',
      limit: '1',
      cursor: writeCursor(after),
      instance: 'i',
    };
    expect(readConnectionQuery(given)).toEqual({
      query: { user: 'u1', sort: 'connectedAt', order: 'desc', after },
      limit: 1,
      instance: 'i',
    });
  });

  it.each([
    [{ colour: 'red' }, 'Unknown parameter "colour". Known parameters: user, channel'],
    [{ toString: 'x' }, 'Unknown parameter "toString"'],
    [{ user: ['a', 'b'] }, 'user must be given once'],
    [{ user: 'x'.repeat(1_001) }, 'user must have at most 1000 characters'],
    [{ sort: 'size' }, 'sort must be one of: '],
    [{ order: 'up' }, 'order must be one of: asc, desc'],
    [{ limit: '0' }, 'limit must be a whole number from 1 to '],
    [{ limit: '1e2' }, 'limit must be a whole number'],
    [{ limit: '9999999999' }, 'limit must be a whole number'],
    [{ cursor: 'x' }, 'cursor must be `next` of the previous page'],
    [{ cursor: writeCursor({ key: null, id: 'c1' }) }, 'cursor must be'],
    [{ cursor: writeCursor({ key: 1, id: 7 }) }, 'cursor must be'],
  ])('refuses %j', (given, message) => expect(refusalOf(() => readConnectionQuery(given))).toContain(message));

  it('accepts the longest parameter, and ignores an empty one', () => {
    expect(readConnectionQuery({ user: 'x'.repeat(1_000), search: '' }).query).toEqual({
      user: 'x'.repeat(1_000),
      sort: 'connectedAt',
      order: 'asc',
    });
  });
});

describe('the query of a list of channels', () => {
  it('reads the search and the page', () => {
    expect(readChannelQuery({})).toEqual({ query: {}, limit: 100 });
    expect(readChannelQuery({ search: 'apps', limit: '7', cursor: writeCursor({ topic: 'a:b' }) })).toEqual({
      query: { search: 'apps', after: 'a:b' },
      limit: 7,
    });
    expect(refusalOf(() => readChannelQuery({ cursor: writeCursor({ topic: 1 }) }))).toContain('cursor must be');
  });
});

describe('the query of a history', () => {
  it('reads the position and the tenant', () => {
    expect(readHistoryQuery({})).toEqual({ limit: 100, before: null });
    expect(readHistoryQuery({ before: 'e-7', tenant: 'acme' })).toEqual({
      limit: 100,
      before: { epoch: 'e', offset: 7 },
      tenant: 'acme',
    });
    expect(refusalOf(() => readHistoryQuery({ before: 'x' }))).toBe('before must be the id of an event');
  });
});

describe('the query of an explanation', () => {
  const options = new ResolvedRealtimeOptions();

  it('describes a client without a token', () =>
    expect(readExplainQuery({ channel: 'news' }, options)).toEqual({ principal: null, channel: 'news' }));

  it('builds the principal of a user, with its roles and its limit', () => {
    const { principal } = readExplainQuery({ channel: 'a', user: 'u1', roles: 'admin,,dev', limit: 'a,b:*' }, options);
    expect(principal).toMatchObject({ roles: ['admin', 'dev'], isAdmin: true, channels: ['a', 'b:*'] });
    expect(readExplainQuery({ channel: 'a', user: 'u1' }, options).principal).toMatchObject({
      user: { userId: 'u1', role: 'user' },
      isAdmin: false,
    });
    expect(readExplainQuery({ channel: 'a', user: 'u1', roles: ',' }, options).principal?.roles).toEqual(['user']);
    expect(readExplainQuery({ channel: 'a', user: 'u1' }, options).principal).not.toHaveProperty('channels');
  });

  it.each([
    [{ user: 'u1' }, 'channel is missing'],
    [{ channel: 'a', user: 'u1', limit: 'a b' }, 'limit '],
    [{ channel: 'a', user: '\ud800' }, 'Invalid user: '],
  ])('refuses %j', (given, message) => expect(refusalOf(() => readExplainQuery(given, options))).toContain(message));
});

describe('a timestamp', () => {
  it('is a date, or milliseconds since 1970', () => {
    expect(readTimestamp('2026-01-31T12:00:00Z', 'from')).toBe(Date.UTC(2026, 0, 31, 12));
    expect(readTimestamp('1234567890123', 'from')).toBe(1_234_567_890_123);
    expect(refusalOf(() => readTimestamp('soon', 'from'))).toContain('from must be a date such as');
  });
});
