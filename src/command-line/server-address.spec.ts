import { eventsAddress, hostOf, httpAddress, socketAddress } from './server-address.js';

const addressOf = (url: string | undefined, tenant?: string, env = {}) =>
  socketAddress(
    {
      words: [],
      texts: { ...(url !== undefined && { url }), ...(tenant !== undefined && { tenant }) },
      flags: new Set(),
    },
    { env },
  );

describe('the address of the server', () => {
  it.each([
    ['wss://api.example', 'wss://api.example/ws'],
    ['https://api.example/', 'wss://api.example/ws'],
    ['http://localhost:8888', 'ws://localhost:8888/ws'],
    ['ws://localhost/live?a=1#top', 'ws://localhost/live?a=1'],
    ['HTTPS://API.example/Live/', 'wss://api.example/Live/'],
    ['http://[::1]:8888', 'ws://[::1]:8888/ws'],
    ['https://api.example:80', 'wss://api.example:80/ws'],
  ])('%s is %s', (given, expected) => {
    expect(addressOf(given).href).toBe(expected);
    expect(addressOf(undefined, undefined, { REALTIME_URL: given }).href).toBe(expected);
  });

  it('has the tenant, and prefers the option to the variable', () => {
    expect(addressOf('ws://a/ws?x=1', 'a b', { REALTIME_URL: 'ws://other' }).href).toBe('ws://a/ws?x=1&tenant=a+b');
  });

  it.each([undefined, '', 'localhost:8888', '/ws', 'ftp://host', 'ws://', 'nonsense'])('refuses %j', (given) => {
    expect(() => addressOf(given)).toThrow(/^the address is (missing|invalid)/);
  });

  it.each([
    'wss://me:secret@host/ws',
    'wss://secret@host',
    'wss://host/ws?token=secret',
    'wss://host/ws?ticket=secret',
  ])('refuses a secret in %s, and does not repeat it', (given) => {
    expect(() => addressOf(given)).toThrow(/^the address must not contain a (?!.*secret)/);
  });

  it('has the route that publishes on the same host', () => {
    expect(eventsAddress(addressOf('wss://host:1/live?a=1')).href).toBe('https://host:1/realtime/events');
    expect(eventsAddress(addressOf('ws://host'), '/api/realtime/events').href).toBe('http://host/api/realtime/events');
    for (const path of ['events', '//other.example/events', ''])
      expect(() => eventsAddress(addressOf('ws://host'), path)).toThrow('--path starts with one "/"');
  });

  it('has a host and a port', () => {
    expect(hostOf(addressOf('wss://host'))).toEqual({ host: 'host', port: 443 });
    expect(hostOf(httpAddress(addressOf('ws://[::1]')))).toEqual({ host: '::1', port: 80 });
    expect(hostOf(addressOf('ws://host:8888'))).toEqual({ host: 'host', port: 8888 });
  });
});
