import { ERROR_CODES } from './codes.js';
import { ProtocolError } from './protocol-error.js';

describe('ProtocolError', () => {
  it('has the message of the catalogue by default', () => {
    const error = new ProtocolError('forbidden', { channel: 'system:health' });
    expect(error).toMatchObject({
      name: 'ProtocolError',
      code: 'forbidden',
      message: ERROR_CODES.forbidden.message,
      channel: 'system:health',
    });
    expect(error.details).toBeUndefined();
  });

  it('takes a custom message and details', () => {
    const details = [{ field: 'data', message: 'is too large' }];
    const error = new ProtocolError('invalid_message', { message: 'No.', details });
    expect(error).toMatchObject({ message: 'No.', details });
    expect(error.channel).toBeUndefined();
  });
});
