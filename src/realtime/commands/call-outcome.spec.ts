import { ProtocolError } from '../../protocol/index.js';
import { decodeOutcome, encodeOutcome, OTHER_COMMAND } from './call-outcome.js';

const NAME = 'apps."rename"';

describe('the outcome of a call', () => {
  it('keeps the fields of the result', () => {
    const json = '"data":{"a":[1]},"effects":[]';
    expect(decodeOutcome(encodeOutcome({ json }, NAME), NAME)).toEqual({ json });
  });

  it('keeps the error with its details', () => {
    const details = [{ field: 'data.id', message: 'must be a string' }];
    const error = new ProtocolError('invalid_message', { message: 'The input is not valid', details });
    expect(decodeOutcome(encodeOutcome({ error }, NAME), NAME)).toEqual({ error });
    const { error: without } = decodeOutcome(encodeOutcome({ error: new ProtocolError('conflict') }, NAME), NAME)!;
    expect(without).toMatchObject({ code: 'conflict' });
    expect(without?.details).toBeUndefined();
  });

  it('of another command is a conflict', () =>
    expect(decodeOutcome(encodeOutcome({ json: '"data":1' }, 'other'), NAME)).toEqual({ error: OTHER_COMMAND }));

  it.each([
    ['', 'null', '7', '[]', '{}', '{"command":7,"data":1}', '{"command":"a"}', '{"command":"a","error":null}'],
    ['{"command":"a","error":{"code":"conflict"}}', '{"command":"a","error":{"code":"toString","message":"m"}}'],
  ])('is not read from a value that no instance wrote: %j', (...stored) => {
    for (const text of stored) expect(decodeOutcome(text, 'a')).toBeNull();
  });

  it('ignores details that are not a list', () => {
    const stored = '{"command":"a","error":{"code":"conflict","message":"m","details":"x"}}';
    expect(decodeOutcome(stored, 'a')?.error).toMatchObject({ code: 'conflict', details: undefined });
  });
});
