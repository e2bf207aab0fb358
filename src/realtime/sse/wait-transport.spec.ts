import { WaitTransport } from './wait-transport.js';

describe('the connection of a request that waits', () => {
  let received: string[];
  let ends: number;
  let transport: WaitTransport;
  const endOfTurn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

  beforeEach(() => {
    [received, ends] = [[], 0];
    transport = new WaitTransport(({ type }) => received.push(type));
    transport.onEnd = () => (ends += 1);
  });

  afterEach(endOfTurn);

  it('passes each frame on until it ends, and calls back for every frame', () => {
    let sent = 0;
    const count = () => (sent += 1);
    transport.send('{"type":"subscribed"}', count);
    transport.send(Buffer.from('{"type":"event"}'));
    transport.terminate();
    transport.send('{"type":"resync"}', count);
    expect([received, sent]).toEqual([['subscribed', 'event'], 2]);
  });

  it('ends once, in a later turn, with the code of the server', async () => {
    transport.close(4_003);
    expect(ends).toBe(0);
    transport.close(4_004);
    transport.terminate();
    await endOfTurn();
    expect([ends, transport.code, transport.isOpen]).toEqual([1, 4_003, false]);
  });

  it('has no code of the client', async () => {
    transport.terminate();
    await endOfTurn();
    expect([ends, transport.code]).toEqual([1, 1_005]);
  });

  it('is alive as long as its request', () => {
    let isAlive = false;
    transport.onAlive = () => (isAlive = true);
    transport.ping();
    expect([isAlive, transport.isOpen, transport.isPaused, transport.hasPartialMessage]).toEqual([
      ...[true, true],
      ...[false, false],
    ]);
  });
});
