import type { ClusterBus, MessageKind } from '../cluster/cluster-bus.js';
import { OccupancyHints } from './occupancy-hints.js';

interface Hint {
  readonly keys: readonly string[];
}

/** A bus that records what is sent, and delivers it to the listener. */
class FakeBus {
  readonly instanceId = 'here';
  readonly sent: (readonly string[])[] = [];
  from = 'there';
  listener: ((hint: Hint, from: string) => void) | null = null;

  constructor(readonly isAlone: boolean) {}

  async listen(_kind: MessageKind<Hint>, listener: (hint: Hint, from: string) => void): Promise<void> {
    this.listener = listener;
  }

  async broadcast(kind: MessageKind<Hint>, hint: Hint): Promise<void> {
    this.sent.push(kind.message.read(hint, 'hint').keys);
    this.listener?.(hint, this.from);
    throw new Error('down'); // a lost hint is no failure
  }
}

describe('hints of occupancy', () => {
  const hintsOver = (bus: FakeBus): OccupancyHints => new OccupancyHints(bus as unknown as ClusterBus);
  const keys = (count: number): string[] => Array.from({ length: count }, (_value, index) => `c:${index}`);

  it('reach other instances, at most 500 keys in a message', () => {
    const bus = new FakeBus(false);
    const changed: string[] = [];
    hintsOver(bus).listen((key) => void changed.push(key));
    hintsOver(bus).send(keys(1_001));
    expect(bus.sent.map(({ length }) => length)).toEqual([500, 500, 1]);
    expect(changed).toEqual(keys(1_001));
    hintsOver(bus).send([]);
    hintsOver(bus).send(keys(500));
    expect(bus.sent).toHaveLength(4);
  });

  it('of this instance are ignored', () => {
    const bus = new FakeBus(false);
    const changed: string[] = [];
    hintsOver(bus).listen((key) => void changed.push(key));
    bus.from = 'here';
    hintsOver(bus).send(['c:1']);
    expect([bus.sent, changed]).toEqual([[['c:1']], []]);
  });

  it('are neither sent nor received by an instance that is alone', () => {
    const bus = new FakeBus(true);
    const changed: string[] = [];
    hintsOver(bus).listen((key) => void changed.push(key));
    hintsOver(bus).send(['c:1']);
    expect([bus.sent, bus.listener]).toEqual([[], null]);
  });
});
