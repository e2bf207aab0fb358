import { sorted } from './sorted.js';

const rows = [{ id: 'a', size: 2 }, { id: 'b', size: null }, { id: 'c', size: 1 }, { id: 'd', size: 2 }, { id: 'e' }];
const ids = (isDescending: boolean): string =>
  sorted<{ id: string; size?: number | null }>(rows, ({ size }) => size, { isDescending })
    .map(({ id }) => id)
    .join('');

it('sorts rows in both orders, keeps the order of equal rows, and has rows without a value last', () => {
  expect([ids(false), ids(true)]).toEqual(['cadbe', 'adcbe']);
});
