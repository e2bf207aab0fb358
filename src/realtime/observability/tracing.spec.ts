import { beginDelivery, beginEmit, parseTraceparent } from './tracing.js';

const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);

describe('a traceparent', () => {
  it('has a trace id, a span id and flags', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      ...{ traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true },
    });
  });

  it.each([undefined, '', 'x', `01-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01-more`, `00-${TRACE}-b-01`])(
    'is not %j',
    (text) => {
      expect(parseTraceparent(text)).toBeNull();
    },
  );
});

describe('without an SDK', () => {
  it('has no span for an emit or a delivery', () => {
    expect(beginEmit('apps:created', 'apps:*')).toBeNull();
    expect(beginDelivery('apps:created', [undefined])).toBeNull();
    expect(beginDelivery('apps:created', [`00-${TRACE}-${SPAN}-01`])).toBeNull();
  });
});
