import type { StreamInfo } from '../../protocol/streams.js';
import { StreamPlace } from './stream-place.js';

describe('the place of a shared stream', () => {
  const info = (fields: Partial<StreamInfo> = {}): StreamInfo => ({
    id: 'a',
    start: 0,
    next: 100,
    state: 'open',
    ...fields,
  });
  function at(next: number): StreamPlace {
    const place = new StreamPlace();
    place.opened(info(), {});
    place.took({ type: 'stream', channel: 'x', at: 0, next, text: '' });
    return place;
  }

  it('goes back for a socket that has less, and stays for one that has more', () => {
    expect(at(50).before({})).toEqual({});
    expect(at(50).before({ id: 'a', at: 30 })).toEqual({ id: 'a', at: 30 });
    expect(at(50).before({ id: 'a', at: 70 })).toEqual({ id: 'a', at: 50 });
    expect(at(50).before({ id: 'b', at: 70 })).toEqual({ id: 'b', at: 70 });
  });

  it('is where the server resumes', () => {
    const place = at(50);
    expect(place.opened(info(), { id: 'a', at: 30 })).toBe('same');
    expect(place.before({ id: 'a', at: 40 })).toEqual({ id: 'a', at: 30 });
    expect(place.opened(info({ start: 45 }), { id: 'a', at: 30 })).toBe('same');
    expect(place.before({ id: 'a', at: 60 })).toEqual({ id: 'a', at: 45 });
  });

  it('notices another stream, and one that has lost bytes', () => {
    expect(at(50).opened(info({ id: 'b' }), {})).toBe('another');
    expect(at(50).opened(info({ next: 49 }), { id: 'a', at: 10 })).toBe('lost');
    expect(at(50).opened(info({ next: 50 }), { id: 'a', at: 10 })).toBe('same');
    expect(at(50).opened(info({ id: null, next: 0, state: 'none' }), {})).toBe('same');
  });

  it('starts over after the end of the subscription', () => {
    const place = at(50);
    place.clear();
    expect(place.before({ id: 'a', at: 70 })).toEqual({ id: 'a', at: 70 });
    expect(place.opened(info({ id: 'b' }), {})).toBe('same');
  });
});
