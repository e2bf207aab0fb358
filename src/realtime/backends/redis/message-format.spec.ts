import fc from 'fast-check';
import { freshEpoch, markOf, messageIdOf, parseEntry, parseMessage } from './message-format.js';

const ID = '00000000deadbeef.12';
const mark = 0xdeadbeef;

describe('a pub/sub message', () => {
  it('is parsed into position, mark and body', () => {
    expect(parseMessage(`e1 7 ${ID} {"a":1}`)).toEqual({ position: { epoch: 'e1', offset: 7 }, mark, body: '{"a":1}' });
  });

  it.each([
    { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    { hints: 'except=x&conflate=a%20b!~' },
    { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, hints: 'x'.repeat(2_000) },
  ])('can have a traceparent and hints after its id, which are not part of the body', (about) => {
    const id = messageIdOf(12, about);
    const event = { position: { epoch: 'e1', offset: 7 }, mark: markOf(id), body: '{}', ...about };
    expect(parseMessage(`e1 7 ${id} {}`)).toEqual(event);
    expect(parseEntry('e1', `7 ${id} {}`)).toEqual(event);
    expect(messageIdOf(12)).toMatch(/^[0-9a-f]{16}\.12$/);
  });

  it('of a channel without history has no position', () => {
    expect(parseMessage(`- 0 ${ID} body`)).toEqual({ position: null, mark, body: 'body' });
  });

  it('is parsed correctly with any body', () => {
    const parts = fc.tuple(fc.stringMatching(/^[0-9A-Za-z]{1,64}$/), fc.nat(), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(parts, ([epoch, offset, body]) => {
        const event = { position: { epoch, offset }, mark, body };
        expect(parseMessage(`${epoch} ${offset} ${ID} ${body}`)).toEqual(event);
        expect(parseEntry(epoch, `${offset} ${ID} ${body}`)).toEqual(event);
      }),
    );
  });

  it.each([
    '',
    'hello',
    `e 1 ${ID}`,
    'e 1 zz {}',
    `e -1 ${ID} {}`,
    `e 1.5 ${ID} {}`,
    `e 1${'0'.repeat(15)} ${ID} {}`,
    `${'e'.repeat(65)} 1 ${ID} {}`,
    `é 1 ${ID} {}`,
    ` e 1 ${ID} {}`,
    `\ne 1 ${ID} {}`,
  ])('is rejected if no instance can have published it: %j', (text) => {
    expect(parseMessage(text)).toBeNull();
  });

  it('is parsed or skipped, and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseMessage(text)));
  });
});

it('the id of an event and its mark are unique, and cannot be guessed from earlier ones', () => {
  const ids = Array.from({ length: 5_000 }, () => messageIdOf(1));
  expect(new Set(ids).size).toBe(5_000);
  expect(new Set(ids.map(markOf)).size).toBe(5_000);
});

it('a fresh epoch is valid in a message', () => {
  const epoch = freshEpoch();
  expect(parseMessage(`${epoch} 1 ${ID} x`)?.position).toEqual({ epoch, offset: 1 });
  expect(freshEpoch()).not.toBe(epoch);
});
