import { thrownText } from './thrown-text.js';

describe('thrownText', () => {
  it.each<[unknown, string]>([
    [new Error('a\nb'), 'a'],
    [Object.assign(new Error(), { message: 5 }), 'an error without a message'],
    [{ toString: 5 }, 'an error without a message'],
    [null, 'null'],
  ])('names %p', (thrown, text) => {
    expect(thrownText(thrown)).toBe(text);
  });
});
