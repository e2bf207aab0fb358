import { checkStreams, type Received } from './check.js';

const texts = new Map([['a', 'one two three']]);
const good: Received = { channel: 'a', text: 'one two three', state: 'done', problems: [], missing: 0 };
const classes = (about: Partial<Received>) => checkStreams(texts, [{ ...good, ...about }]).map((one) => one.class);

describe('the checker of streams', () => {
  it('accepts the whole text', () => {
    expect(checkStreams(texts, [good], [{ channel: 'a', state: 'failed' }])).toEqual([]);
  });

  it.each<[string, Partial<Received>, string]>([
    ['other text', { text: 'one TWO three' }, 'wrong-text'],
    ['text that was written twice', { text: 'one one two three' }, 'wrong-text'],
    ['an end before the end', { text: 'one two' }, 'wrong-text'],
    ['a reader without an end', { state: 'open', text: 'one' }, 'not-done'],
    ['a gap', { missing: 3 }, 'gap'],
    ['a repetition', { problems: ['at 3, has 4'] }, 'protocol'],
  ])('finds %s', (_what, about, expected) => {
    expect(classes(about)).toContain(expected);
  });

  it('finds a stream that is not reported as failed', () => {
    expect(checkStreams(texts, [good], [{ channel: 'a', state: 'open' }])).toMatchObject([{ class: 'not-failed' }]);
  });
});
