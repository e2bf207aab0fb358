import { jest } from '@jest/globals';
import { StreamCursor } from '../connections/stream-cursor.js';
import { StreamTransport } from './stream-transport.js';

const TOPIC = 'apps:created';
const event = (count: number) => ({ position: { epoch: 'e', offset: count } });

/** A response that records its blocks, and how often they reach the network. */
class Response {
  readonly blocks: string[] = [];
  readonly written: string[] = [];
  writableEnded = false;
  writableLength = 0;
  private corks = 0;
  /** Callbacks of the written blocks. */
  readonly sent: (() => void)[] = [];

  write = (block: Buffer, onSent?: () => void): boolean => {
    this.blocks.push(String(block));
    if (onSent !== undefined) this.sent.push(onSent);
    if (this.corks === 0) this.flush();
    return true;
  };

  cork(): void {
    this.corks += 1;
  }

  uncork(): void {
    this.corks -= 1;
    if (this.corks === 0) this.flush();
  }

  end(): this {
    this.writableEnded = true;
    return this;
  }

  private flush(): void {
    this.written.push(this.blocks.splice(0).join(''));
  }
}

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('StreamTransport', () => {
  let response: Response;
  let cursor: StreamCursor;
  let transport: StreamTransport;
  let destroyed: number;

  beforeEach(() => {
    destroyed = 0;
    response = new Response();
    cursor = new StreamCursor([TOPIC], null);
    const carrier = { destroy: () => (destroyed += 1) };
    transport = new StreamTransport(response as never, response as never, carrier, cursor, 1_000);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('writes the frames of one turn at once, with the cursor after them', async () => {
    transport.send('{"type":"subscribed"}');
    cursor.follow({ type: 'subscribed', channel: TOPIC, lastEventId: 'e-1' });
    transport.send(Buffer.from('{"type":"pong"}'));
    expect(response.written).toEqual([]);
    await endOfTurn();
    expect(response.written).toEqual(['data: {"type":"subscribed"}\n\ndata: {"type":"pong"}\n\nid: e-1\n\n']);
    transport.send('{"type":"pong"}');
    await endOfTurn();
    expect(response.written[1]).toBe('data: {"type":"pong"}\n\n'); // the cursor has not moved
  });

  it('writes a shared block directly if it contains the cursor', () => {
    transport.write(Buffer.from('block'));
    expect(response.written).toEqual(['block']);
  });

  it('writes the cursor within a turn after each 16,384 bytes, so that a long replay makes progress', async () => {
    const block = 'x'.repeat(8_192);
    const send = (count: number): void => {
      cursor.follow({ type: 'subscribed', channel: TOPIC, lastEventId: `e-${count}` });
      transport.write(Buffer.from(block));
    };
    for (const count of [1, 2, 3, 4]) send(count);
    await endOfTurn();
    expect(response.written).toEqual([`${block}${block}id: e-2\n\n${block}${block}id: e-4\n\n`]);
    for (const count of [5, 6]) {
      send(count);
      await endOfTurn();
    }
    expect(response.written.slice(1)).toEqual([`${block}id: e-5\n\n`, `${block}id: e-6\n\n`]);
  });

  it('reports that a client is alive when earlier bytes have left', () => {
    let isAlive = false;
    transport.onAlive = () => (isAlive = true);
    transport.ping();
    transport.writeJoined();
    expect([response.written, isAlive]).toEqual([[':\n\n'], false]);
    for (const sent of response.sent) sent();
    expect(isAlive).toBe(true);
  });

  it('suggests a time to reconnect, of at least 250 ms', () => {
    for (const ms of [0, 250.1]) transport.reconnectAfter(ms);
    transport.writeJoined();
    expect(response.written).toEqual(['retry: 250\n\nretry: 251\n\n']);
  });

  it('names the reason when it closes, and destroys the connection if the client does not read it in time', () => {
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    transport.close(4_001, 'no token');
    const closed = JSON.parse(response.written[0]!.slice('data: '.length)) as object;
    expect(closed).toEqual({ type: 'closed', code: 4_001, reason: 'no token', timestamp: expect.any(String) });
    expect([transport.code, transport.isOpen, response.writableEnded]).toEqual([4_001, false, true]);
    transport.close(4_002, 'again');
    expect([transport.code, response.written.length]).toEqual([4_001, 1]);
    jest.advanceTimersByTime(999);
    expect(destroyed).toBe(0);
    jest.advanceTimersByTime(1);
    expect(destroyed).toBe(1);
  });

  it('destroys nothing after the response has closed', () => {
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    transport.close(4_001, 'no token');
    transport.closed();
    expect(jest.getTimerCount()).toBe(0);
    transport.terminate();
    expect(destroyed).toBe(0);
  });

  it('writes nothing after its end, and calls back for a frame that is not sent', async () => {
    transport.send('{"type":"pong"}');
    transport.closed();
    await endOfTurn();
    let calls = 0;
    transport.send('{}', () => (calls += 1));
    transport.ping();
    transport.reconnectAfter(1_000);
    transport.joinWrites();
    transport.writeJoined();
    transport.close(4_001, '');
    await endOfTurn();
    expect([response.written, calls, transport.code, transport.frameWriter]).toEqual([[], 1, 1_005, null]);
  });

  it('shows how much waits for the network', () => {
    response.writableLength = 7;
    expect([transport.bufferedBytes, transport.writableLength]).toEqual([7, 7]);
    expect([transport.frameWriter, transport.hasPartialMessage]).toEqual([transport, false]);
  });

  describe('takes the next frames of the client', () => {
    const isReading = async (): Promise<boolean> => {
      let reads = false;
      void transport.whenReading().then(() => (reads = true));
      await endOfTurn();
      return reads;
    };

    it('at once, unless it is paused', async () => {
      expect([await isReading(), transport.isPaused]).toEqual([true, false]);
      transport.pause();
      expect([await isReading(), transport.isPaused]).toEqual([false, true]);
      transport.resume();
      expect([await isReading(), transport.isPaused]).toEqual([true, false]);
    });

    it('when it resumes or ends', async () => {
      for (const end of [() => transport.resume(), () => transport.closed()]) {
        transport.pause();
        const reading = transport.whenReading();
        end();
        await reading;
      }
      transport.pause();
      expect(await isReading()).toBe(true); // it has ended
    });
  });

  it('follows the events that it sends', async () => {
    cursor.follow({ type: 'subscribed', channel: TOPIC, lastEventId: 'e-1' });
    cursor.followEvent(TOPIC, event(2));
    transport.write(Buffer.from('block\n\n'));
    await endOfTurn();
    expect(response.written).toEqual(['block\n\nid: e-2\n\n']);
  });
});
