import { createRealtimeClient, type RealtimeClientOptions } from './index.js';
import { socketUrl } from './url.js';

const page = { origin: 'https://app.example' };

describe('the options of a client', () => {
  it.each<[string, object]>([
    ['url', { url: undefined }],
    ['url', { url: '' }],
    ['url', { url: 'ws' }],
    ['url', { url: 'example.com/ws' }],
    ['url', { url: 'ftp://example.com/ws' }],
    ['url', { url: 'wss://' }],
    ['url', { url: 42 }],
    ['url', { url: {} }],
    ['url', { url: 'wss://ho st/ws' }],
    ['url', { url: 'wss://host:99999/ws' }],
    ['url', { url: 'wss://[::1/ws' }],
    ['token', { token: 42 }],
    ['token', { token: '' }],
    ['tokenVia', { tokenVia: 'query' }],
    ['WebSocket', { WebSocket: 'ws' }],
    ['getToken', { getToken: 'token' }],
    ['minDelayMs', { minDelayMs: 0 }],
    ['minDelayMs', { minDelayMs: -5 }],
    ['maxDelayMs', { maxDelayMs: Number.NaN }],
    ['maxDelayMs', { maxDelayMs: '1s' }],
    ['timeoutMs', { timeoutMs: 2.5e9 }],
    ['timeoutMs', { timeoutMs: Infinity }],
    ['maxWaitingEvents', { maxWaitingEvents: 0 }],
    ['minDelayMs', { minDelayMs: '1000' }],
    ['minDelayMs', { minDelayMs: 0.001 }],
    ['timeoutMs', { timeoutMs: true }],
  ])('names %s in %p', (name, wrong) => {
    const options = { url: 'ws://localhost/ws', ...wrong } as RealtimeClientOptions;
    expect(() => createRealtimeClient(options)).toThrow(TypeError);
    expect(() => createRealtimeClient(options)).toThrow(name);
  });

  it('get their defaults if undefined', () => {
    const options = { token: undefined, getToken: undefined, minDelayMs: undefined, timeoutMs: undefined };
    expect(createRealtimeClient({ url: 'ws://localhost/ws', ...options }).state).toBe('idle');
  });

  it('report activity to debug', () => {
    const lines: string[] = [];
    const WebSocket = class {
      onopen = null;
      onmessage = null;
      onerror = null;
      onclose = null;
      send(): void {}
      close(): void {}
    };
    const client = createRealtimeClient({
      url: 'ws://localhost/ws',
      WebSocket,
      debug: (what) => void lines.push(what),
    });
    client.channel('apps:created').subscribe();
    client.close();
    expect(lines).toEqual(['channel', 'state', 'state']);
  });
});

it.each([
  [undefined, 'undefined'],
  [null, 'null'],
  [42, '42'],
  [{}, '[object Object]'],
  [[], ''],
  [Symbol('room'), 'Symbol(room)'],
])('%p is not the name of a channel', (name, text) => {
  const client = createRealtimeClient({ url: 'ws://localhost/ws' });
  expect(() => client.channel(name as never)).toThrow(`"${text}" is not the name of a channel`);
});

describe('the address', () => {
  it.each([
    ['ws://host/ws', 'ws://host/ws'],
    ['wss://host:8443/ws?a=b', 'wss://host:8443/ws?a=b'],
    ['http://host/ws', 'ws://host/ws'],
    ['https://host/ws', 'wss://host/ws'],
    ['HTTPS://host/ws', 'wss://host/ws'],
    ['  wss://host/ws\n', 'wss://host/ws'],
    ['wss://host/ws#part', 'wss://host/ws'],
    [new URL('https://host/ws'), 'wss://host/ws'],
    ['/ws', 'wss://app.example/ws'],
    ['/ws#part', 'wss://app.example/ws'],
    ['//other.example/ws', 'wss://other.example/ws'],
  ])('%s, in a page of https://app.example, is %s', (given, url) => {
    expect(socketUrl(given, page)).toBe(url);
  });

  it.each(['capacitor://localhost', 'tauri://localhost', 'null', 'file://'])(
    'as a path fails at once with a clear error in a page of %s',
    (origin) => {
      expect(() => socketUrl('/ws', { origin })).toThrow(`this page is from ${origin}: use wss://`);
      expect(() => socketUrl('//host/ws', { origin })).toThrow('use wss://');
      expect(socketUrl('wss://host/ws', { origin })).toBe('wss://host/ws');
    },
  );

  it('as a path waits for a page, as in server rendering', () => {
    expect(socketUrl('/ws', undefined)).toBeNull();
    const client = createRealtimeClient({ url: '/ws' });
    expect(() => client.connect()).toThrow('pass WebSocket and a whole url');
  });
});
