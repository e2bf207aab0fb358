import { principalOf } from '../../../test/support/offline-connection.js';
import { framesAt, isSenderOf, senderOf } from './sent-frames.js';
import { StreamPlaces } from './stream-places.js';

describe('the sender of frames', () => {
  const ann = principalOf('ann');
  const limited = { ...ann, channels: ['apps:created', 'tasks:*'] };

  it.each([
    ['the user of the stream', ann, ann, true],
    ['another user', ann, principalOf('bob'), false],
    ['a client without a token, for the stream of a user', ann, null, false],
    ['a user, for a stream without a token', null, ann, true],
    ['a token without a limit, for a stream with one', limited, ann, true],
    ['a token with the same limit', limited, { ...limited }, true],
    ['a token with another limit', limited, { ...ann, channels: ['apps:created'] }, false],
    ['a token with a limit, for a stream without one', ann, limited, false],
  ])('is %s: allowed %#', (_who, owner, sender, isAllowed) => {
    expect(isSenderOf({ principal: owner }, senderOf(sender))).toBe(isAllowed);
  });

  it('is what instances send each other', () => {
    const sent = { connectionId: 'c1', sender: senderOf(limited), frames: ['{}'] };
    const { message, topic } = framesAt('0123456789ab');
    expect(topic).toBe('$stream-0123456789ab');
    expect(message.read(sent, 'it')).toEqual(sent);
    expect(message.read({ ...sent, sender: null }, 'it')).toEqual({ ...sent, sender: null });
    expect(() => message.read({ ...sent, frames: [7] }, 'it')).toThrow('frames');
  });
});

describe('the id of a stream', () => {
  const places = new StreamPlaces({ instanceId: 'here' } as never);

  it('names the instance that serves it', () => {
    const [one, other] = [places.newId(), places.newId()];
    expect(one).not.toBe(other);
    expect([places.placeOf(one), places.placeOf(other)]).toEqual([places.here, places.here]);
    expect(places.placeOfInstance('here')).toBe(places.here);
    expect(places.placeOfInstance('there')).not.toBe(places.here);
  });

  it.each(['', 'c1', `${places.newId()}0`, places.newId().toUpperCase()])('is not %j', (id) =>
    expect(places.placeOf(id)).toBeNull(),
  );
});
