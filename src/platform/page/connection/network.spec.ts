import type { WebSocketLike } from '../../../client/index.js';
import { createNetwork, type Network } from './network.js';

class FakeSocket implements WebSocketLike {
  static readonly all: FakeSocket[] = [];
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  readonly sent: string[] = [];
  isClosed = false;

  constructor(
    readonly url: string,
    readonly protocols?: string | string[],
  ) {
    FakeSocket.all.push(this);
  }

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.isClosed = true;
  }
}

describe('the network with a switch', () => {
  let network: Network;

  beforeEach(() => {
    FakeSocket.all.length = 0;
    network = createNetwork(FakeSocket);
  });

  function connect(): { socket: WebSocketLike; log: unknown[]; closed: Promise<void> } {
    const socket = new network.WebSocket('ws://host/ws', ['a']);
    const log: unknown[] = [];
    socket.onopen = () => log.push('open');
    socket.onmessage = (event: { data: string }) => log.push(event.data);
    const closed = new Promise<void>((resolve) => {
      socket.onclose = (event: { code: number }) => {
        log.push(event.code);
        resolve();
      };
    });
    return { socket, log, closed };
  }

  it('passes everything on while it is not cut', () => {
    const { socket, log } = connect();
    const [native] = FakeSocket.all;
    native?.onopen?.({} as never);
    native?.onmessage?.({ data: 'hello' } as never);
    socket.send('hi');
    native?.onclose?.({ code: 4403 } as never);
    expect([log, native?.sent, native?.url, native?.protocols]).toEqual([
      ['open', 'hello', 4403],
      ['hi'],
      'ws://host/ws',
      ['a'],
    ]);
  });

  it('loses an open connection once, and nothing arrives after that', () => {
    const { log } = connect();
    const [native] = FakeSocket.all;
    network.cut();
    network.cut();
    native?.onmessage?.({ data: 'too late' } as never);
    native?.onclose?.({ code: 1005 } as never);
    expect([log, native?.isClosed]).toEqual([[1006], true]);
  });

  it('lets no attempt through while it is cut, and the next one after it was restored', async () => {
    network.cut();
    const failed = connect();
    expect(failed.log).toEqual([]); // not before the caller has set its handlers
    await failed.closed;
    expect([failed.log, FakeSocket.all.length]).toEqual([[1006], 0]);
    network.restore();
    connect();
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('does not lose a connection that the client has closed', async () => {
    const { socket, log } = connect();
    socket.close();
    network.cut();
    const attempt = connect();
    attempt.socket.close();
    await connect().closed; // a later attempt fails after it
    expect([log, attempt.log]).toEqual([[], []]);
  });
});
