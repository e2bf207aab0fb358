import type { LiveRecord, WrittenRecord } from '../live/live-log.js';
import { HealthyTime } from './healthy-time.js';
import { streamViolations } from './stream-texts.js';

const [FIRST, SECOND] = ['«1»one two thrée', '«2»four'];

/** Builds a log. Each entry is a millisecond after the one before it. */
class Scribe {
  readonly log: LiveRecord[] = [];
  now = 0;

  constructor(readonly channel = 'logs:c') {
    for (const [index, text] of [FIRST, SECOND].entries()) {
      this.log.push({ kind: 'writes', ...this.head(), writer: index + 1, text });
    }
  }

  written(kind: WrittenRecord['kind'], length: number, state?: string): void {
    this.log.push({ kind, ...this.head(), writer: 1, id: 'i', length, ...(state !== undefined && { state }) });
  }

  reads(client: string, next = 0): void {
    this.log.push({ kind: 'reading', ...this.head(), client, id: 'i', next, state: 'open' });
  }

  /** A client receives bytes of a stream. */
  part(
    client: string,
    had: number,
    from: number,
    text: string,
    state = 'open',
    length = Buffer.byteLength(text),
  ): void {
    const to = from + length;
    this.log.push({ kind: 'part', ...this.head(), client, id: 'i', had, from, to, text, isFirst: had === 0, state });
  }

  has(client: string, next: number, state: string): void {
    this.log.push({ kind: 'has', ...this.head(), client, id: 'i', next, state });
  }

  found({ redisMayLose = false, faults = [] as { from: number; to: number }[] } = {}): string[] {
    const found = streamViolations(this.log, new HealthyTime(faults), { redisMayLose });
    return found.map((violation) => violation.class);
  }

  private head(): { at: number; channel: string } {
    return { at: (this.now += 1), channel: this.channel };
  }
}

const LENGTH = Buffer.byteLength(FIRST);

describe('the checker of streams', () => {
  let scribe: Scribe;
  beforeEach(() => {
    scribe = new Scribe();
    scribe.reads('one');
    scribe.reads('two');
    scribe.written('opened', 0);
  });

  it('accepts a text in parts, and its end', () => {
    scribe.part('one', 0, 0, '«1»one two');
    scribe.part('two', 0, 0, FIRST, 'done');
    scribe.part('one', Buffer.byteLength('«1»one two'), Buffer.byteLength('«1»one two'), ' thrée', 'done');
    scribe.written('ended', LENGTH, 'done');
    for (const client of ['one', 'two']) scribe.has(client, LENGTH, 'done');
    scribe.now += 20_000;
    expect(scribe.found()).toEqual([]);
  });

  it('accepts the text of a writer that continues after a lost one', () => {
    scribe.part('one', 0, 0, `«1»one${SECOND}`);
    expect(scribe.found()).toEqual([]);
  });

  it.each<[string, string]>([
    ['text that no writer wrote', '«1»one twenty'],
    ['text of a writer that was replaced', `«1»one${SECOND} two`],
    ['text of a writer after that of its successor', `${SECOND}${FIRST}`],
    ['a beginning of no writer', 'one two'],
    ['a character that was cut', '«1»one two thr\uFFFDe'],
  ])('finds %s', (_what, text) => {
    scribe.part('one', 0, 0, text);
    expect(scribe.found()).toEqual(['streamText']);
  });

  it('accepts half a character at the end of a writer', () => {
    scribe.part('one', 0, 0, '«1»one \uFFFD«2»four');
    expect(scribe.found()).toEqual([]);
  });

  it('finds two readers with other text at one place', () => {
    scribe.part('one', 0, 0, '«1»one');
    scribe.part('two', 0, 0, '«1»onE');
    expect(scribe.found()).toEqual(['streamText']);
  });

  it.each<[string, () => void]>([
    ['a repetition', () => scribe.part('two', 5, 0, FIRST)],
    ['a gap', () => scribe.part('two', 5, 8, FIRST.slice(6, 8))],
    ['a wrong length', () => scribe.part('two', 0, 0, FIRST, 'open', LENGTH + 1)],
  ])('finds %s', (_what, happen) => {
    scribe.part('one', 0, 0, FIRST);
    happen();
    expect(scribe.found()).toEqual(['streamOrder']);
  });

  it('finds a part of more than 64 KB', () => {
    const text = `«1»${'x'.repeat(65_536)}`;
    scribe.log.push({ kind: 'writes', at: 0, channel: 'logs:c', writer: 1, text });
    scribe.part('one', 0, 0, text);
    expect(scribe.found()).toEqual(['streamOrder']);
  });

  it('accepts that a bounded stream drops its beginning', () => {
    scribe = new Scribe('tails:c');
    scribe.part('one', 0, 8, FIRST.slice(6));
    expect(scribe.found()).toEqual([]);
  });

  describe('at the end of a stream', () => {
    const [text, length] = ['«1»one', Buffer.byteLength('«1»one')];

    it('finds one that lacks acknowledged text', () => {
      scribe.written('stored', LENGTH);
      scribe.part('one', 0, 0, text, 'failed');
      expect(scribe.found()).toEqual(['streamLost']);
    });

    it('accepts it if Redis can lose text, unless it is done', () => {
      scribe.written('stored', LENGTH);
      scribe.part('one', 0, 0, text, 'failed');
      expect(scribe.found({ redisMayLose: true })).toEqual([]);
      scribe.part('two', 0, 0, text, 'done');
      expect(scribe.found({ redisMayLose: true })).toEqual(['streamLost']);
    });

    it('finds a reader that receives the end before the text', () => {
      scribe.part('one', 0, 0, text, 'done');
      scribe.written('ended', LENGTH, 'done');
      expect(scribe.found()).toEqual(['streamLost']);
    });

    it.each<[string, [number, string], [number, string]]>([
      ['has another end', [length, 'done'], [length, 'open']],
      ['has less than the others', [length, 'done'], [length - 1, 'done']],
    ])('finds a reader that %s', (_what, one, two) => {
      scribe.written('ended', length, 'done');
      for (const client of ['one', 'two']) scribe.part(client, 0, 0, text, 'done');
      scribe.has('one', ...one);
      scribe.has('two', ...two);
      expect(scribe.found()).toEqual(['streamEnd']);
    });

    it('finds that no reader has all that was written', () => {
      scribe.written('ended', length + 1, 'done');
      for (const client of ['one', 'two']) scribe.has(client, length, 'done');
      expect(scribe.found()).toEqual(['streamEnd', 'streamEnd']);
    });
  });

  describe('after more than ten seconds', () => {
    it('finds a reader without acknowledged text, but none that left', () => {
      scribe.log.push({ kind: 'gone', at: scribe.now, channel: 'logs:c', client: 'two' });
      scribe.written('stored', LENGTH);
      scribe.now += 11_000;
      scribe.written('stored', LENGTH);
      expect(scribe.found()).toEqual(['streamBehind']);
      expect(scribe.found({ faults: [{ from: 0, to: 5_000 }] })).toEqual([]);
    });

    it('finds a reader without the end', () => {
      for (const client of ['one', 'two']) scribe.part(client, 0, 0, FIRST);
      scribe.written('ended', LENGTH, 'done');
      scribe.part('one', LENGTH, LENGTH, '', 'done');
      scribe.now += 11_000;
      scribe.has('one', LENGTH, 'done');
      expect(scribe.found()).toEqual(['streamBehind']);
    });

    it('accepts a reader that has the text', () => {
      scribe.written('stored', LENGTH);
      for (const client of ['one', 'two']) scribe.part(client, 0, 0, FIRST);
      scribe.now += 11_000;
      scribe.part('one', LENGTH, LENGTH, '');
      expect(scribe.found()).toEqual([]);
    });
  });
});
