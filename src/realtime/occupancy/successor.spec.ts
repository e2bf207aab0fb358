import { successorOf } from './successor.js';

it('finds one successor of a dead instance', () => {
  expect(successorOf('b', ['c', 'a', 'd'])).toBe('c');
  expect(successorOf('e', ['c', 'a'])).toBe('a');
  expect(successorOf('e', [])).toBeUndefined();
});
