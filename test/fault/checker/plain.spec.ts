import { PLAIN_CHANNEL as channel } from '../channels.js';
import { check } from './check.js';
import { emptyLog, type Outcome } from '../log.js';
import { plainViolations, withoutPlain } from './plain.js';

/** Builds a log of the channel without history. Each entry is a second after the one before it. */
class Scribe {
  readonly log = emptyLog();
  private at = 0;

  emit(key: string, outcome: Outcome = 'acknowledged'): void {
    const sequence = Number(key.slice(1));
    const times = { startedAt: (this.at += 1_000), settledAt: (this.at += 1_000) };
    this.log.emits.push({ key, channel, publisher: key.slice(0, 1), sequence, outcome, ...times });
  }

  subscribed(client: string): void {
    this.log.seen.push({ kind: 'subscribed', at: (this.at += 1_000), client, channel });
  }

  events(client: string, ...keys: string[]): void {
    for (const key of keys) this.log.seen.push({ kind: 'plain', at: (this.at += 1_000), client, channel, key });
  }

  left(client: string): void {
    this.log.seen.push({ kind: 'left', at: (this.at += 1_000), client, channel });
  }

  found(nothingFails = false): string[] {
    return plainViolations(this.log, { nothingFails }).map((found) => `${found.class} ${found.detail}`);
  }
}

/** Two staying clients and three events. */
function begun(): Scribe {
  const scribe = new Scribe();
  scribe.subscribed('stay1');
  scribe.subscribed('stay2');
  for (const key of ['a1', 'a2', 'b1']) scribe.emit(key);
  return scribe;
}

describe('the channel without history', () => {
  it('accepts that each client receives a part of the events in one order', () => {
    const scribe = begun();
    scribe.events('stay1', 'a1', 'a2', 'b1');
    scribe.events('stay2', 'a1', 'b1');
    expect(scribe.found()).toEqual([]);
  });

  it('accepts that a returning client receives an event again', () => {
    const scribe = begun();
    scribe.events('stay1', 'a1');
    scribe.left('stay1');
    scribe.subscribed('stay1');
    scribe.events('stay1', 'a1');
    expect(scribe.found()).toEqual([]);
  });

  it.each([
    { fault: 'an event comes twice', events: ['a1', 'a1'], found: ['duplicate a1'] },
    { fault: 'the order of a publisher breaks', events: ['a2', 'a1'], found: ['fifo a1 came after a2'] },
    { fault: 'an event was never emitted', events: ['c1'], found: ['breach c1 was never emitted'] },
  ])('finds that $fault', ({ events, found }) => {
    const scribe = begun();
    scribe.events('stay1', ...events);
    expect(scribe.found()).toEqual(found);
  });

  it('finds two clients with different orders', () => {
    const scribe = begun();
    scribe.events('stay1', 'a1', 'b1');
    scribe.events('stay2', 'b1', 'a1');
    expect(scribe.found()).toEqual(['plainOrder a1']);
  });

  it('finds an event without a subscription', () => {
    const scribe = begun();
    scribe.left('stay1');
    scribe.events('stay1', 'a1');
    expect(scribe.found()).toEqual(['outside a1']);
  });

  it('finds an event that was published after its rejection, and one that was reported as not published', () => {
    const scribe = begun();
    scribe.emit('c1', 'rejected');
    scribe.emit('c2', 'notPublished');
    scribe.emit('d1');
    scribe.events('stay1', 'd1', 'c1', 'c2');
    expect(scribe.found()).toEqual(['rejectedLater c1 came behind d1', 'refusedYetPublished c2']);
  });

  it('reports a missing event only if nothing failed', () => {
    const scribe = begun();
    scribe.events('stay1', 'a1', 'a2', 'b1');
    scribe.events('stay2', 'a1', 'b1');
    expect(scribe.found(true)).toEqual(['plainLost a2']);
    expect(scribe.found(false)).toEqual([]);
  });

  it('finds an emit without a reply', () => {
    const scribe = begun();
    scribe.emit('c1', 'unsettled');
    expect(scribe.found()).toEqual(['unsettled c1']);
  });

  it('counts its rejected emits separately', () => {
    const scribe = begun();
    scribe.emit('c1', 'rejected');
    expect(check(scribe.log, { redisMayLose: false }).figures).toMatchObject({ rejected: 0, rejectedPlain: 1 });
  });

  it('is excluded from all other checks', () => {
    const scribe = begun();
    scribe.events('stay1', 'a1');
    expect(withoutPlain(scribe.log)).toEqual(emptyLog());
  });
});
