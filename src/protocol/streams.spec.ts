import { decodeClientFrame } from './codec.js';

const subscribe = (stream: unknown) =>
  decodeClientFrame(JSON.stringify({ type: 'subscribe', channel: 'a:log', stream }));

describe('the stream of a subscribe frame', () => {
  it.each([{}, { at: 0 }, { at: 5_120, id: 'abc' }, { id: 'x'.repeat(64) }])('can be %j', (stream) => {
    expect(subscribe(stream).request).toMatchObject({ targets: [{ channel: 'a:log', stream }] });
  });

  it.each([
    [true, 'stream'],
    [null, 'stream'],
    [[], 'stream'],
    [{ at: -1 }, 'stream.at'],
    [{ at: 1.5 }, 'stream.at'],
    [{ at: '1' }, 'stream.at'],
    [{ at: 2 ** 53 }, 'stream.at'],
    [{ id: '' }, 'stream.id'],
    [{ id: 'x'.repeat(65) }, 'stream.id'],
    [{ id: null }, 'stream.id'],
  ])('cannot be %j', (stream, field) => {
    expect(subscribe(stream).bad).toMatchObject({ code: 'invalid_message', details: [{ field }] });
  });

  it('can be given for each of several channels', () => {
    const { bad } = decodeClientFrame('{"type":"subscribe","channels":[{"channel":"a:log","stream":{"at":-1}}]}');
    expect(bad?.details).toMatchObject([{ field: 'channels[0].stream.at' }]);
  });
});
