import { readClaim, writeClaim } from './claim-format.js';

describe('the format of claims', () => {
  it.each([
    { state: 'starting', sequence: 0, owner: 'a1' },
    { state: 'ended', sequence: Number.MAX_SAFE_INTEGER, owner: '' },
  ] as const)('reads what it wrote: %j', (claim) => {
    expect(readClaim(writeClaim(claim))).toEqual(claim);
  });

  it.each([
    '',
    'held',
    'held 1',
    'held 1.5 a',
    'held -1 a',
    'other 1 a',
    'held 9999999999999999 a',
    'held 1 a b',
    'held 1 a\n',
  ])('rejects %j', (text) => {
    expect(() => readClaim(text)).toThrow('it is not a claim');
  });
});
