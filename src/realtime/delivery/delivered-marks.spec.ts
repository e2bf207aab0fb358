import { DeliveredMarks } from './delivered-marks.js';

describe('DeliveredMarks', () => {
  let marks: DeliveredMarks;
  beforeEach(() => {
    marks = new DeliveredMarks();
    marks.reset(10);
  });

  it('counts everything up to the start as proven', () => {
    expect([0, 10, 11].map((offset) => marks.isProven(offset))).toEqual([true, true, false]);
    expect(marks.provenTo).toBe(10);
    expect(marks.compare(10, 99)).toBe('same');
  });

  it('compares an event with the one that was delivered at its offset', () => {
    marks.add(11, 1);
    marks.add(12, 2);
    expect([marks.compare(11, 1), marks.compare(11, 9), marks.compare(12, 2), marks.compare(12, 9)]).toEqual([
      ...['same', 'other', 'same', 'other'],
    ]);
    expect([marks.compare(13, 3), marks.compare(12, undefined)]).toEqual(['unknown', 'same']);
  });

  it('proves an event without a mark: only the broker itself sends such events', () => {
    marks.add(11, undefined);
    expect([marks.isProven(11), marks.provenTo, marks.compare(11, 5)]).toEqual([true, 11, 'same']);
  });

  it('remembers the last 64 marks', () => {
    for (let offset = 11; offset <= 11 + 64; offset += 1) marks.add(offset, offset);
    expect([marks.compare(11, 11), marks.compare(12, 12), marks.compare(12, 1)]).toEqual(['unknown', 'same', 'other']);
  });

  it('forgets earlier marks after a jump', () => {
    marks.add(11, 1);
    marks.add(20, 2);
    expect([marks.compare(19, 1), marks.compare(20, 2), marks.compare(20, 1)]).toEqual(['unknown', 'same', 'other']);
  });

  it('joins a proven range that is connected with the last one, and replaces it otherwise', () => {
    marks.prove(10, 12);
    expect([1, 12, 13].map((offset) => marks.isProven(offset))).toEqual([true, true, false]);
    marks.prove(20, 25);
    expect([12, 20, 21, 25, 26].map((offset) => marks.isProven(offset))).toEqual([false, false, true, true, false]);
    marks.prove(25, 27);
    expect([20, 21, 27].map((offset) => marks.isProven(offset))).toEqual([false, true, true]);
    marks.prove(19, 30);
    expect([19, 20, 30].map((offset) => marks.isProven(offset))).toEqual([false, true, true]);
  });
});
