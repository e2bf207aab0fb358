import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import {
  endSession,
  exchangeOf,
  hasEnded,
  isEventSource,
  isOfUnixSocket,
  reportEnd,
  takeOver,
  type Exchange,
} from './stream-client.js';

describe('the exchange of a framework', () => {
  it('contains the request and the response of Node', () => {
    const [request, response] = [{}, {}] as never[];
    expect(exchangeOf(request!, response!)).toEqual({ request, response });
    const raw = { request: { id: 1 }, response: { id: 2 } };
    const reply = { hijack: () => undefined, raw: raw.response };
    expect(exchangeOf({ raw: raw.request } as never, reply as never)).toEqual(raw);
  });

  it('is taken over with the headers of the application, which do not replace headers of Node', () => {
    const set = new Map<string, unknown>([['x-old', 'node']]);
    const raw = { hasHeader: (name: string) => set.has(name), setHeader: set.set.bind(set) };
    const hijack = jest.fn();
    takeOver({ hijack, raw, getHeaders: () => ({ 'x-new': 1, 'x-old': 'app', 'x-none': undefined }) } as never);
    expect(hijack).toHaveBeenCalledTimes(1);
    expect(Object.fromEntries(set)).toEqual({ 'x-old': 'node', 'x-new': 1 });
    expect(() => takeOver({} as never)).not.toThrow();
  });
});

describe('an EventSource', () => {
  it.each([
    [{ accept: 'text/event-stream' }, true],
    [{ accept: 'text/event-stream', 'x-realtime-client': '1' }, false],
    [{ accept: 'text/event-stream, application/json' }, false],
    [{ accept: '*/*' }, false],
    [{}, false],
  ])('with %j: %s', (headers, expected) => expect(isEventSource({ headers })).toBe(expected));
});

describe('the end of a client', () => {
  it.each([
    [{ closed: true }, {}, true],
    [{ destroyed: true }, {}, true],
    [{}, { destroyed: true }, true],
    [{}, {}, false],
  ])('is visible on HTTP/1: response %j, socket %j', (response, socket, expected) => {
    const flags = { closed: false, destroyed: false };
    const request = { httpVersionMajor: 1, socket: { ...flags, ...socket } };
    expect(hasEnded({ request, response: { ...flags, ...response } } as never)).toBe(expected);
  });

  it('is visible on HTTP/2', () => {
    for (const destroyed of [true, false]) {
      expect(hasEnded({ request: { httpVersionMajor: 2, stream: { destroyed } } } as never)).toBe(destroyed);
    }
  });

  it('ends the session of HTTP/2', () => {
    const close = jest.fn();
    endSession({ stream: { session: { close } } } as never);
    expect(close).toHaveBeenCalledTimes(1);
    expect(() => endSession({} as never)).not.toThrow();
  });
});

describe('a response that waits behind another one', () => {
  function begin(socketOfResponse: object | null = null, httpVersionMajor = 1) {
    const socket = Object.assign(new EventEmitter(), { setMaxListeners: jest.fn(), getMaxListeners: () => 10 });
    const response = Object.assign(new EventEmitter(), {
      ...{ socket: socketOfResponse, writableFinished: false, destroy: jest.fn() },
    });
    const closed = jest.fn();
    response.on('close', closed);
    reportEnd({ request: { httpVersionMajor, socket }, response } as unknown as Exchange);
    return { socket, response, closed };
  }

  it('closes with its connection', () => {
    const { socket, response, closed } = begin();
    socket.emit('close');
    expect(response.destroy).toHaveBeenCalledTimes(1);
    expect(closed).toHaveBeenCalledTimes(1);
    expect(socket.setMaxListeners).toHaveBeenCalledWith(11);
  });

  it('stops listening once it is closed', () => {
    const { socket, response } = begin();
    response.emit('close');
    expect(socket.listenerCount('close')).toBe(0);
  });

  it('is left to Node once it is sent', () => {
    const sent = begin();
    Object.assign(sent.response, { socket: {} });
    const finished = begin();
    Object.assign(finished.response, { writableFinished: true });
    for (const { socket, closed } of [sent, finished, begin({}), begin(null, 2)]) {
      socket.emit('close');
      expect(closed).not.toHaveBeenCalled();
    }
  });
});

describe('a Unix socket', () => {
  it('has a path as its address', () => {
    const isOne = (server?: object): boolean => isOfUnixSocket({ socket: { server } } as never);
    expect(isOne({ address: () => '/run/app.sock' })).toBe(true);
    expect(isOne({ address: () => ({ port: 80 }) })).toBe(false);
    expect(isOne()).toBe(false);
  });
});
