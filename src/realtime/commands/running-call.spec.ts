import { Logger } from '@nestjs/common';
import { recordLog } from '../../../test/support/log-lines.js';
import { ProtocolError } from '../../protocol/index.js';
import type { CausedEvent } from '../publishing/current-cause.js';
import type { CallOutcome } from './call-outcome.js';
import { RunningCall, type CallReply } from './running-call.js';

const ORIGIN = {
  ...{ caller: null, connectionId: 'c1', address: '::1', countedAs: '::1' },
  isSubscribed: () => false,
};
const DONE: CallOutcome = { json: '"data":1' };

/** Records what the client of a call receives. */
class Client implements CallReply {
  readonly received: unknown[] = [];

  end(outcome: CallOutcome): void {
    this.received.push(outcome.error?.code ?? outcome.json);
  }

  progress(json: string): void {
    this.received.push(`progress ${json}`);
  }
}

describe('a running call', () => {
  let validated: number;
  let call: RunningCall;
  let client: Client;

  beforeEach(() => {
    validated = 0;
    const validate = (data: unknown) => [data, (validated += 1)];
    call = new RunningCall('1', 'rename', ORIGIN, 'ann', '1 ann', 'hello', validate);
    client = new Client();
    call.join(client);
  });
  afterEach(() => Logger.overrideLogger(true));

  it('validates its input once', () => {
    expect([call.readInput(), call.readInput()]).toEqual([
      ['hello', 1],
      ['hello', 1],
    ]);
  });

  it('sends progress to every client until its outcome is decided', () => {
    const other = new Client();
    call.join(other);
    call.progress('1');
    call.decide(DONE);
    call.progress('2');
    call.end(DONE);
    expect([client.received, other.received]).toEqual([
      ['progress 1', '"data":1'],
      ['progress 1', '"data":1'],
    ]);
  });

  it('sends nothing to a client that has left', () => {
    const other = new Client();
    call.join(other);
    expect(call.replies).toBe(2);
    expect(call.leave(client)).toBe(1);
    expect(call.leave(client)).toBe(1); // leaving twice removes no other client
    call.progress('1');
    call.end(DONE);
    expect(client.received).toEqual([]);
    expect(other.received).toEqual(['progress 1', '"data":1']);
  });

  it('answers a client that joins after its end', () => {
    call.end(DONE);
    const late = new Client();
    call.join(late);
    expect(late.received).toEqual(['"data":1']);
    expect(call.replies).toBe(0);
  });

  it('keeps its first outcome', () => {
    const decided: CallOutcome[] = [];
    call.whenDecided((outcome) => decided.push(outcome));
    call.decide(DONE);
    call.decide({ json: '"data":2' });
    call.abort('timeout');
    expect(decided).toEqual([DONE]);
    call.end(DONE);
    call.end({ json: '"data":3' });
    expect(client.received).toEqual(['"data":1']);
  });

  it('reports a decision that was made before the store answered', () => {
    call.abort('cancelled');
    const decided: CallOutcome[] = [];
    call.whenDecided((outcome) => decided.push(outcome));
    expect(decided).toEqual([{ error: new ProtocolError('cancelled') }]);
  });

  it('is internal for its client if the decision cannot be processed', () => {
    recordLog();
    call.whenDecided(() => {
      throw new Error('full');
    });
    call.decide(DONE);
    expect(client.received).toEqual(['internal']);
  });

  it('aborts its signal without the handler, also for a handler that asks later', () => {
    const { signal } = call;
    expect(signal.aborted).toBe(false);
    call.abort('timeout');
    expect(signal.aborted).toBe(true);
    const late = new RunningCall('2', 'rename', ORIGIN, 'ann', '2 ann', null, () => null);
    late.abort('cancelled');
    expect(late.signal.aborted).toBe(true);
    expect(late.signal).toBe(late.signal);
  });

  it('never aborts the signal of a handler that decided by itself', () => {
    const { signal } = call;
    call.decide(DONE);
    call.abort('timeout');
    expect(signal.aborted).toBe(false);
  });

  it('answers all clients although one fails', () => {
    recordLog();
    const other = new Client();
    call = new RunningCall('1', 'rename', ORIGIN, 'ann', '1 ann', null, () => null);
    call.join({ end: () => raise('gone'), progress: () => raise('gone') });
    call.join(other);
    call.progress('1');
    call.end(DONE);
    expect(other.received).toEqual(['progress 1', '"data":1']);
  });

  describe('collects the events of its handler', () => {
    const event = (changes: Partial<CausedEvent> = {}): CausedEvent => ({
      channel: 'apps:created',
      topic: 'acme apps:created',
      ...changes,
    });
    const published = Promise.resolve({ id: 'e-1' });
    const effects = () => [...(call.effects?.values() ?? [])];

    it('each once, with its position unless it carries the id of the call', () => {
      const first = event();
      call.emits(first, published);
      call.emits(first, Promise.resolve({ id: 'e-2' }));
      call.emits(event({ cause: '1' }), published);
      expect(effects()).toEqual([
        { channel: 'apps:created', topic: 'acme apps:created', hasPosition: true, published },
        { channel: 'apps:created', topic: 'acme apps:created', hasPosition: false, published },
      ]);
    });

    it('without a position for the outbox', () => {
      call.stores(event());
      expect(effects()).toEqual([
        { channel: 'apps:created', topic: 'acme apps:created', hasPosition: false, published: null },
      ]);
    });

    it('without those that its caller does not receive or that a later one replaces', () => {
      call.emits(event({ hints: { except: 'c1' } }), published);
      call.emits(event({ hints: { conflate: 'x' } }), published);
      call.stores(event({ hints: { except: 'c1' } }));
      expect(effects()).toEqual([]);
    });

    it('up to a hundred', () => {
      for (let count = 0; count < 101; count += 1) call.emits(event(), published);
      expect(effects()).toHaveLength(100);
    });

    it.each([
      ['its handler has returned', () => call.returned()],
      ['it was cancelled', () => call.abort('cancelled')],
    ])('until %s', (_when, end) => {
      expect(call.isOver).toBe(false);
      end();
      expect(call.isOver).toBe(true);
      call.emits(event(), published);
      call.stores(event());
      expect(effects()).toEqual([]);
    });
  });
});

function raise(message: string): never {
  throw new Error(message);
}
