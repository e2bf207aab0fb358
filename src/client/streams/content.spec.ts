import { createContent, type Content } from './content.js';
import type { StreamPart } from './types.js';

describe('the content of a stream', () => {
  function begin(): { content: Content; parts: StreamPart[] } {
    const parts: StreamPart[] = [];
    const content = createContent((part) => parts.push(part));
    content.joined({ id: 'one', start: 0, next: 3, state: 'open' });
    content.take(frame({ id: 'one', at: 0, next: 3, text: 'abc' }));
    return { content, parts };
  }
  const frame = (fields: { at: number; next: number; [name: string]: unknown }) =>
    ({ type: 'stream', channel: 'a:b', ...fields }) as never;

  it('starts over if the server has fewer bytes than the client: it lost the end', () => {
    const { content, parts } = begin();
    content.joined({ id: 'one', start: 0, next: 2, state: 'open' });
    expect([content.text, content.resume]).toEqual(['', { at: 0, id: 'one' }]);
    content.take(frame({ id: 'one', at: 0, next: 2, text: 'ab' }));
    expect([content.text, content.gaps]).toEqual(['ab', []]);
    expect(parts.at(-1)).toEqual({ text: 'ab', items: [], restarted: true });
  });

  it('keeps what it has if the server has the same stream, and more', () => {
    const { content } = begin();
    content.joined({ id: 'one', start: 0, next: 5, state: 'done' });
    expect([content.text, content.state, content.isEnding]).toEqual(['abc', 'open', true]);
    content.take(frame({ at: 3, next: 5, text: 'de', state: 'done', result: 1 }));
    expect([content.text, content.state, content.isEnding, content.result]).toEqual(['abcde', 'done', false, 1]);
  });

  it('takes the end from the answer, if nothing else is missing', () => {
    const { content } = begin();
    content.joined({ id: 'one', start: 0, next: 3, state: 'failed' });
    expect(content.state).toBe('failed');
    content.take(frame({ at: 3, next: 3, state: 'failed', reason: 'lease lost' }));
    expect([content.state, content.reason]).toEqual(['failed', 'lease lost']);
    content.joined({ id: 'one', start: 0, next: 3, state: 'failed' });
    expect(content.reason).toBe('lease lost');
  });

  it('ignores an end that lies before its position: the stream went on', () => {
    const { content } = begin();
    content.take(frame({ at: 2, next: 2, state: 'failed' }));
    expect(content.state).toBe('open');
  });

  it('counts dropped bytes from the beginning of another stream', () => {
    const { content } = begin();
    content.joined({ id: 'two', start: 7, next: 9, state: 'open' });
    content.take(frame({ id: 'two', at: 7, next: 9, text: 'ef' }));
    expect([content.text, content.gaps]).toEqual(['ef', [{ index: 0, bytes: 7 }]]);
  });

  it('refuses an overlap that ends inside of a value', () => {
    const { content } = begin();
    expect(content.take(frame({ at: 2, next: 9, items: ['xyz'] }))).toBe(false);
    expect(content.text).toBe('abc');
  });
});
