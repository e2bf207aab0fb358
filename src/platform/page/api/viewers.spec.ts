import { lookingOf } from './viewers.js';

describe('the place that a viewer looks at', () => {
  it('is a section, and perhaps an application', () => {
    expect(lookingOf({ section: 'Applications', app: 'shop' })).toEqual({ section: 'Applications', app: 'shop' });
    expect(lookingOf({ section: 'Storage' })).toEqual({ section: 'Storage' });
  });

  it('is cut to a length that fits the page', () => {
    expect(lookingOf({ section: 's'.repeat(500), app: 'a'.repeat(500) })).toEqual({
      section: 's'.repeat(60),
      app: 'a'.repeat(60),
    });
  });

  it.each([[undefined], [null], ['Applications'], [7], [[]], [{}], [{ section: { toString: 1 } }], [{ app: 'shop' }]])(
    'is unknown for the state %j',
    (state) => expect(lookingOf(state)).toBeNull(),
  );

  it('has no application if another client sent something else', () => {
    expect(lookingOf({ section: 'Applications', app: { html: '<b>' } })).toEqual({ section: 'Applications' });
  });
});
