import { operatorCallOf } from './operator-call.js';

describe('operatorCallOf', () => {
  it.each<[unknown, string]>([
    ['1', '1'],
    [['1', '2'], '["1","2"]'],
    [{ toString: '1', valueOf: '2', toJSON: '3' }, '{"toString":"1","valueOf":"2","toJSON":"3"}'],
    [Object.create(null), '{}'],
    [undefined, ''],
  ])('writes a parameter as a string for any result of a query parser: %j', (value, text) => {
    expect(operatorCallOf('stats', { query: { limit: value } }).query).toEqual({ limit: text });
  });
});
