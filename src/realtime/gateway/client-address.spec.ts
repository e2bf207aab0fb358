import { ClientAddresses } from './client-address.js';

const request = (remoteAddress: string | undefined, forwarded?: string, other: Record<string, string> = {}) =>
  ({
    headers: { ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }), ...other },
    socket: { remoteAddress },
  }) as unknown as Parameters<ClientAddresses['of']>[0];

const addressOf = (trusted: string[], ...parts: Parameters<typeof request>): string =>
  new ClientAddresses(trusted).of(request(...parts)).address;

const countedAs = (trusted: string[], ...parts: Parameters<typeof request>): string | null =>
  new ClientAddresses(trusted).of(request(...parts)).countedAs;

describe('the address of a client', () => {
  it.each<[string, string[], string, string | undefined, string]>([
    ['is that of the socket without trusted proxies', [], '203.0.113.7', undefined, '203.0.113.7'],
    ['is that of the socket, with any forwarding header', [], '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    [
      'is that of the socket if the peer is not a trusted proxy',
      ['10.0.0.0/8'],
      '203.0.113.7',
      '198.51.100.1',
      '203.0.113.7',
    ],
    ['is what the trusted proxy added', ['10.0.0.0/8'], '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['is read from the right', ['10.0.0.0/8'], '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['skips trusted proxies', ['10.0.0.0/8'], '10.0.0.1', '1.1.1.1, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['is the leftmost if all are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['is that of the proxy without the header', ['10.0.0.0/8'], '10.0.0.1', undefined, '10.0.0.1'],
    ['is the last valid one if the header is invalid', ['10.0.0.0/8'], '10.0.0.1', 'rubbish', '10.0.0.1'],
    ['loses its port', ['loopback'], '127.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['loses its brackets and port', ['loopback'], '127.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['is IPv4 if the socket has a mapped address', [], '::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['is IPv4 behind a mapped proxy', ['loopback'], '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ])('%s', (_what, trusted, peer, forwarded, expected) => {
    expect(addressOf(trusted, peer, forwarded)).toBe(expected);
  });

  it('is empty if the socket is closed', () => {
    expect(addressOf([], undefined)).toBe('');
  });
});

describe('the address of a client on a Unix socket', () => {
  const of = (trusted: string[], forwarded?: string, isUnixSocket = true) =>
    new ClientAddresses(trusted).of(request(undefined, forwarded), () => isUnixSocket);
  const unknown = { address: '', countedAs: null };

  it('is unknown, and not counted as one address for all clients', () => {
    expect(of([])).toEqual(unknown);
    expect(of([], '198.51.100.1')).toEqual(unknown);
    expect(of(['loopback'])).toEqual(unknown);
    expect(of(['loopback'], 'rubbish')).toEqual(unknown);
    expect(of(['10.0.0.0/8'], '198.51.100.1')).toEqual(unknown);
  });

  it('is what a trusted proxy on the same machine added', () => {
    expect(of(['loopback'], '198.51.100.1')).toEqual({ address: '198.51.100.1', countedAs: '198.51.100.1' });
    expect(of(['127.0.0.0/8'], '1.1.1.1, 198.51.100.1').address).toBe('198.51.100.1');
  });

  it('is unknown if the connection was reset', () => {
    expect(of(['loopback'], '198.51.100.1', false)).toEqual(unknown);
  });
});

describe('the key of limits per address', () => {
  it('is the IPv4 address or the /64 network of the IPv6 address', () => {
    expect(countedAs([], '203.0.113.7')).toBe('203.0.113.7');
    expect(countedAs([], '2001:db8:1:2:3::4')).toBe('2001:db8:1:2::/64');
    expect(countedAs([], '2001:db8:1:2:ffff::')).toBe('2001:db8:1:2::/64');
    expect(countedAs([], '2001:db8:1:3::')).toBe('2001:db8:1:3::/64');
    expect(countedAs([], '::1')).toBe('0:0:0:0::/64');
  });

  it('is null for an unconfigured proxy in a private network, which all its clients would share', () => {
    for (const peer of ['10.0.0.1', '192.168.1.1', '127.0.0.1', '::ffff:172.17.0.1', 'fd00::1']) {
      expect(countedAs([], peer, '198.51.100.1')).toBeNull();
      expect(countedAs([], peer, undefined, { forwarded: 'for=198.51.100.1' })).toBeNull();
      expect(countedAs([], peer)).not.toBeNull();
    }
  });

  it('cannot be avoided by a client on the internet that sends forwarding headers', () => {
    expect(countedAs([], '203.0.113.7', '10.0.0.1')).toBe('203.0.113.7');
    expect(countedAs(['10.0.0.0/8'], '203.0.113.7', '10.0.0.1')).toBe('203.0.113.7');
  });
});
