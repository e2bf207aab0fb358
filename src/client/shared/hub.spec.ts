import type { WebSocketLike } from '../web-socket.js';
import { Hub } from './hub.js';
import type { ToPorts } from './messages.js';

/** A hub with one open socket, the frames that it sends to the server, and the messages for the socket. */
function openHub() {
  const toPorts: ToPorts[] = [];
  const sent: { readonly type: string; readonly ref: string }[] = [];
  const sockets: WebSocketLike[] = [];
  const closed: WebSocketLike[] = [];
  class Socket implements WebSocketLike {
    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onerror: WebSocketLike['onerror'] = null;
    onclose: WebSocketLike['onclose'] = null;
    constructor() {
      sockets.push(this);
    }
    send(text: string): void {
      sent.push(JSON.parse(text) as { type: string; ref: string });
    }
    close(): void {
      closed.push(this);
    }
  }
  const hub = new Hub(Socket, (message) => void toPorts.push(message));
  const enter = (port: string): void =>
    hub.take({ op: 'open', port, tab: 'tab', url: 'ws://fake/ws', protocols: [], isAnonymous: false });
  enter('tab/1');
  sockets.at(-1)?.onopen?.({} as never);
  return {
    sent,
    sockets,
    closed,
    enter,
    leave: (port: string) => hub.take({ op: 'leave', port }),
    ask: (ref: string) => hub.take({ op: 'send', port: 'tab/1', text: JSON.stringify({ type: 'move', ref }) }),
    /** Replies to a request of the hub. @returns the messages for sockets */
    answer: (ref: string | undefined): string[] => {
      toPorts.splice(0);
      sockets.at(-1)?.onmessage?.({ data: JSON.stringify({ type: 'moved', ref }) } as never);
      return toPorts.flatMap((message) => (message.op === 'message' ? [message.text] : []));
    },
  };
}

describe('the hub of shared tabs', () => {
  it('drops the oldest of more than 10,000 pending frames, and routes replies to the others', () => {
    const { sent, ask, answer } = openHub();
    for (let index = 0; index <= 10_000; index += 1) ask(`r${index}`);
    expect(answer(sent[0]?.ref)).toEqual([]);
    expect(answer(sent[1]?.ref)).toEqual(['{"type":"moved","ref":"r1"}']);
    expect(answer(sent.at(-1)?.ref)).toEqual(['{"type":"moved","ref":"r10000"}']);
  });

  it('closes the connection when the last socket leaves, and opens another one for the next', () => {
    const { sockets, closed, enter, leave } = openHub();
    enter('tab/2');
    leave('tab/1');
    expect(closed).toEqual([]);
    leave('tab/2');
    expect(closed).toEqual(sockets);
    enter('tab/3');
    expect(sockets).toHaveLength(2);
    expect(closed).toHaveLength(1);
  });

  it('routes a reply once', () => {
    const { sent, ask, answer } = openHub();
    ask('r1');
    expect(answer(sent[0]?.ref)).toEqual(['{"type":"moved","ref":"r1"}']);
    expect(answer(sent[0]?.ref)).toEqual([]);
  });
});
