import { MAX_CHANNEL_BYTES, userChannel } from '../../protocol/index.js';
import { InvalidEventError } from './errors.js';

/**
 * Returns the private channel of a user. Whole numbers are valid ids, as in tokens.
 * @throws InvalidEventError for an invalid user id, because an event to `user:undefined` would silently reach no user
 */
export function channelOfUser(userId: unknown): string {
  const isWhole = (typeof userId === 'number' && Number.isSafeInteger(userId)) || typeof userId === 'bigint';
  const id = isWhole && userId >= 0 ? String(userId) : userId;
  if (typeof id !== 'string' || id === '') {
    const given = id === '' ? 'empty' : id === null ? 'null' : typeof id === 'number' ? String(id) : typeof id;
    throw new InvalidEventError('userId', `is ${given}: give the id of a user as a string that is not empty`);
  }
  const channel = userChannel(id);
  if (channel !== null) return channel;
  throw new InvalidEventError(
    'userId',
    `must be well-formed Unicode, and its channel at most ${MAX_CHANNEL_BYTES} bytes (user:, and the id percent-encoded)`,
  );
}
