import * as fc from 'fast-check';
import { formatPosition, MAX_EVENT_ID_LENGTH, parsePosition } from './position.js';

const epoch = fc.stringMatching(/^[A-Za-z0-9]{1,64}$/);

describe('a position', () => {
  it('survives formatting and parsing', () => {
    fc.assert(
      fc.property(epoch, fc.maxSafeNat(), (anEpoch, offset) => {
        const position = { epoch: anEpoch, offset };
        expect(parsePosition(formatPosition(position))).toEqual(position);
      }),
    );
  });

  it('has exactly one string form', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ019-+.e '.split('')), maxLength: 8 }), (text) => {
        const position = parsePosition(text);
        return position === null || formatPosition(position) === text;
      }),
      { numRuns: 1000 },
    );
  });

  it('fits into lastEventId', () => {
    const longest = formatPosition({ epoch: 'e'.repeat(64), offset: Number.MAX_SAFE_INTEGER });
    expect(parsePosition(longest)).not.toBeNull();
    expect(longest.length).toBeLessThanOrEqual(MAX_EVENT_ID_LENGTH);
  });
});

describe('parsePosition', () => {
  it('accepts the position before the first event', () => {
    expect(parsePosition('e1-0')).toEqual({ epoch: 'e1', offset: 0 });
  });

  it.each([
    '',
    '-',
    '-1',
    'e1',
    'e1-',
    'e1--1',
    'e1-01',
    'e1-1.5',
    'e1-1e3',
    'e1-+1',
    'e1-1 ',
    ' e1-1',
    'e1-1\n',
    'e1-1-1',
    'e_1-1',
    'é-1',
    'e1-0x1',
    'e1-9007199254740992',
    'e1-99999999999999999',
    `${'e'.repeat(65)}-1`,
    'e1-١',
  ])('rejects %j', (text) => expect(parsePosition(text)).toBeNull());
});
