import { countedBy, keyOfTopic, keyOfUser } from './keys.js';
import { topicOf, userKeyOf } from '../tenants/topic.js';

describe('the keys of counts', () => {
  it('name channels, within a tenant or without', () => {
    expect(countedBy(keyOfTopic('rooms:1'), false)).toMatchObject({
      kind: 'channel',
      channel: 'rooms:1',
      tenant: null,
    });
    const topic = topicOf('a/b', 'rooms:1');
    expect(countedBy(keyOfTopic(topic), true)).toEqual({ kind: 'channel', topic, channel: 'rooms:1', tenant: 'a/b' });
  });

  it('name users, whose ids can contain anything', () => {
    expect(countedBy(keyOfUser('a/b:c'), false)).toEqual({ kind: 'user', userId: 'a/b:c', tenant: null });
    expect(countedBy(keyOfUser(userKeyOf('x', 'a/b')), true)).toEqual({ kind: 'user', userId: 'a/b', tenant: 'x' });
    expect(countedBy(keyOfUser(userKeyOf(null, 'boss')), true)).toEqual({ kind: 'user', userId: 'boss', tenant: null });
  });

  it.each(['', 'x:1', 'c:%zz/rooms:1', 'u:%zz/u'])('reject %j', (key) => {
    expect(countedBy(key, true)).toBeNull();
  });
});
