import type { HeldRecord, LiveRecord, Numbers } from '../live/live-log.js';
import { HealthyTime } from './healthy-time.js';
import { stateViolations } from './states.js';

/** Builds a log. Each entry is a millisecond after the one before it. */
class Scribe {
  readonly log: LiveRecord[] = [];
  now = 0;

  announced(setter: string, number: number, isAcknowledged = true): void {
    const at = this.tick();
    this.log.push({ kind: 'announced', channel: 'c', startedAt: at, at, setter, number, how: 'patch', isAcknowledged });
  }

  joined(client: string, isWhole: boolean): void {
    this.log.push({ kind: 'joined', at: this.tick(), channel: 'c', client, isWhole });
  }

  holds(
    client: string,
    kind: HeldRecord['kind'],
    id: string,
    numbers: Numbers,
    digest = JSON.stringify(numbers),
  ): void {
    const patched = kind === 'patch' ? { patched: numbers } : {};
    this.log.push({ kind, at: this.tick(), channel: 'c', client, id, digest, numbers, ...patched });
  }

  failed(client: string): void {
    this.log.push({ kind: 'stateError', at: this.tick(), channel: 'c', client, code: 'unavailable' });
  }

  gone(client: string): void {
    this.log.push({ kind: 'gone', at: this.tick(), channel: 'c', client });
  }

  end(truth: string, held: Readonly<Record<string, string>>): void {
    this.log.push({ kind: 'truth', at: this.tick(), channel: 'c', digest: truth });
    for (const [client, digest] of Object.entries(held)) {
      this.log.push({ kind: 'holds', at: this.tick(), channel: 'c', client, id: 'e-9', digest });
    }
  }

  found(faults: { from: number; to: number }[] = []): string[] {
    return stateViolations(this.log, new HealthyTime(faults)).map((violation) => violation.class);
  }

  private tick(): number {
    return (this.now += 1);
  }
}

const NOTICE = { kind: 'stateError', channel: 'c', code: 'unavailable' } as const;

/** Two clients hold the state before the change 1 of `a`, and one of them its patch. */
function begun(): Scribe {
  const scribe = new Scribe();
  for (const client of ['one', 'two']) {
    scribe.joined(client, true);
    scribe.holds(client, 'state', 'e-4', { a: 0 });
  }
  scribe.announced('a', 1);
  scribe.holds('one', 'patch', 'e-5', { a: 1 });
  return scribe;
}

describe('the checker of states', () => {
  let scribe: Scribe;
  beforeEach(() => {
    scribe = begun();
  });

  it('accepts a patch for both clients, and the true state at the end', () => {
    scribe.holds('two', 'patch', 'e-5', { a: 1 });
    scribe.now += 20_000;
    scribe.end('x', { one: 'x', two: 'x' });
    expect(scribe.found()).toEqual([]);
  });

  it('finds two states at one position', () => {
    scribe.holds('two', 'patch', 'e-5', { a: 1 }, 'other');
    expect(scribe.found()).toEqual(['stateMismatch']);
  });

  it('finds a state without a patch from before its position', () => {
    scribe.holds('two', 'state', 'e-6', { a: 0 });
    expect(scribe.found()).toEqual(['stateLost']);
  });

  it('accepts a state of another epoch, which the patch is not part of', () => {
    scribe.holds('two', 'state', 'f-6', { a: 0 });
    expect(scribe.found()).toEqual([]);
  });

  it('finds another state than the true one at the end', () => {
    scribe.holds('two', 'patch', 'e-5', { a: 1 });
    scribe.end('x', { one: 'x', two: 'y' });
    expect(scribe.found()).toEqual(['stateEnd']);
  });

  describe('after more than ten seconds without the change', () => {
    it('finds a client that was not notified', () => {
      scribe.now += 11_000;
      scribe.end('x', { one: 'x', two: 'x' });
      expect(scribe.found()).toEqual(['stateBehind']);
    });

    it('finds a client that resumed, and did not receive the patch', () => {
      scribe.gone('two');
      scribe.joined('two', false);
      scribe.now += 11_000;
      scribe.end('x', { one: 'x', two: 'x' });
      expect(scribe.found()).toEqual(['stateBehind']);
    });

    it('finds a client that waits for the state', () => {
      scribe.gone('two');
      scribe.joined('two', true);
      scribe.now += 11_000;
      scribe.holds('two', 'state', 'e-5', { a: 1 });
      expect(scribe.found()).toEqual(['stateBehind']);
    });

    it.each<[string, (scribe: Scribe) => void]>([
      ['left', (one) => one.gone('two')],
      ['was notified that the state is unavailable', (one) => one.failed('two')],
      ['was notified before', (one) => one.log.splice(4, 0, { ...NOTICE, at: 4.5, client: 'two' })],
      ['holds a later change', (one) => one.holds('two', 'state', 'e-8', { a: 2 })],
    ])('accepts a client that %s', (_what, happen) => {
      happen(scribe);
      scribe.now += 11_000;
      scribe.end('x', { one: 'x', two: 'x' });
      expect(scribe.found()).toEqual([]);
    });

    it('finds a client that received a state after it was notified', () => {
      scribe.log.splice(3, 0, { ...NOTICE, at: 3.5, client: 'two' });
      scribe.now += 11_000;
      scribe.end('x', { one: 'x', two: 'x' });
      expect(scribe.found()).toEqual(['stateBehind']);
    });

    it('does not count the time of a fault', () => {
      scribe.now += 11_000;
      scribe.end('x', { one: 'x', two: 'x' });
      expect(scribe.found([{ from: 10, to: 5_000 }])).toEqual([]);
    });

    it('does not wait for a change that was not acknowledged', () => {
      scribe.holds('two', 'patch', 'e-5', { a: 1 });
      scribe.announced('a', 2, false);
      scribe.now += 11_000;
      scribe.end('x', { one: 'x', two: 'x' });
      expect(scribe.found()).toEqual([]);
    });
  });
});
