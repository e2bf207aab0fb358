import type { BrokerEvent, ReadResult } from '../broker/broker.js';
import { DeliveredMarks } from './delivered-marks.js';
import { compareWithLog, joinRanges } from './displacement.js';

const at = (offset: number, epoch = 'e'): { epoch: string; offset: number } => ({ epoch, offset });
const event = (offset: number, mark?: number, epoch = 'e'): BrokerEvent => ({
  ...{ position: at(offset, epoch), body: 'b' },
  ...(mark !== undefined && { mark }),
});
const log = (top: number, ...events: BrokerEvent[]): ReadResult => ({ ok: true, events, top: at(top) });

describe('compareWithLog', () => {
  const reading = (given: object = {}): Parameters<typeof compareWithLog>[1] => ({
    ...{ from: at(5), here: at(10), cause: undefined, delivered: new DeliveredMarks(), dropped: false },
    ...given,
  });
  const compare = (result: ReadResult, given: object = {}): unknown => compareWithLog(result, reading(given));
  const fine = { reason: null, forged: null };

  it('finds nothing if the log continues where this instance is', () => {
    expect(compare(log(12, event(11), event(12)))).toEqual(fine);
    expect(compare(log(10))).toEqual(fine);
  });

  it('finds nothing in the log of another epoch', () => {
    expect(compare({ ok: true, events: [], top: at(1, 'f') })).toEqual(fine);
  });

  it('detects that a delivered event is not in the log', () => {
    expect(compare(log(9))).toEqual({ reason: 'rewound', forged: 'delivered' });
  });

  it.each(['expired', 'too_many', 'unknown_epoch'] as const)('passes on why the log cannot be read: %s', (reason) => {
    expect(compare({ ok: false, reason, top: at(50) })).toEqual({ reason, forged: null });
    expect(compare({ ok: false, reason, top: at(50) }, { cause: event(10) })).toEqual({ reason, forged: 'delivered' });
    expect(compare({ ok: false, reason, top: at(50) }, { cause: event(11) })).toEqual({ reason, forged: null });
    expect(compare({ ok: false, reason, top: at(50) }, { cause: event(10, 1, 'f') })).toEqual({ reason, forged: null });
  });

  it('takes a position beyond the log as forged, in the same epoch', () => {
    const rewound = { ok: false, reason: 'rewound' } as const;
    expect(compare({ ...rewound, top: at(3) })).toEqual({ reason: 'rewound', forged: 'delivered' });
    expect(compare({ ...rewound, top: at(3, 'f') })).toEqual({ reason: 'rewound', forged: null });
  });

  it('ignores an event that the log does not have', () => {
    expect(compare(log(10), { cause: event(11) })).toEqual({ reason: null, forged: 'ignored' });
    expect(compare(log(11, event(11)), { cause: event(11) })).toEqual(fine);
    expect(compare(log(10), { cause: event(11, 1, 'f') })).toEqual(fine);
  });

  it('compares delivered events with those of the log', () => {
    const delivered = new DeliveredMarks();
    delivered.add(10, 7);
    expect(compare(log(10, event(10, 8)), { delivered })).toEqual({ reason: 'rewound', forged: 'delivered' });
    expect(compare(log(10, event(10, 7)), { delivered })).toEqual(fine);
    expect(compare({ ...log(10), at: event(10, 8) } as ReadResult, { delivered, from: at(10) })).toEqual({
      ...{ reason: 'rewound', forged: 'delivered' },
    });
    expect(compare(log(11, event(11, 8)), { delivered, here: at(10) })).toEqual(fine);
  });

  it('cannot prove continuity if an unproven event came twice, or events were dropped', () => {
    expect(compare(log(12), { cause: event(10) })).toEqual({ reason: 'unproven', forged: 'delivered' });
    expect(compare(log(12), { dropped: true })).toEqual({ reason: 'unproven', forged: null });
  });
});

describe('joinRanges', () => {
  const range = (first: number, last: number, epoch = 'e'): { epoch: string; first: number; last: number } => ({
    ...{ epoch, first, last },
  });

  it('covers both ranges of an epoch', () => {
    expect(joinRanges(null, range(3, 5))).toEqual(range(3, 5));
    expect(joinRanges(range(3, 5), range(4, 9))).toEqual(range(3, 9));
    expect(joinRanges(range(3, 5), range(1, 2))).toEqual(range(1, 5));
  });

  it('drops the range of an older epoch, and an empty one', () => {
    expect(joinRanges(range(3, 5), range(1, 1, 'f'))).toEqual(range(1, 1, 'f'));
    expect(joinRanges(range(3, 5), range(2, 1))).toEqual(range(3, 5));
    expect(joinRanges(null, range(2, 1))).toBeNull();
  });
});
