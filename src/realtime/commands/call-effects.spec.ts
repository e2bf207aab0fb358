import { jest } from '@jest/globals';
import { principalOf } from '../../../test/support/offline-connection.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import type { CausedEvent, PublishedPosition } from '../publishing/current-cause.js';
import { effectsOf } from './call-effects.js';
import { RunningCall } from './running-call.js';

const ANN = principalOf('ann', { tenant: 'acme' });
const topicIn = (tenant: string, channel: string): string => `${tenant}/${channel}`;

describe('the effects of a call', () => {
  let asked: string[];
  let call: RunningCall;
  /** Allows all channels but `users:updated`. */
  const policy = {
    authorize: async (_caller: unknown, name: string) => {
      asked.push(name);
      if (name === 'users:updated') throw new Error('forbidden');
      return { channel: { global: name === 'system:health' } };
    },
  } as unknown as ChannelPolicyService;
  const emit = (event: CausedEvent, published: PublishedPosition | Promise<PublishedPosition> = { id: 'e-1' }): void =>
    call.emits(event, Promise.resolve(published));

  beforeEach(() => {
    asked = [];
    const isSubscribed = (channel: string): boolean => channel === 'apps:created';
    const origin = { caller: ANN, connectionId: 'c1', address: '::1', countedAs: '::1', isSubscribed };
    call = new RunningCall('1', 'rename', origin, 'ann', '1 ann', null, () => null);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are none if nothing was emitted', async () => expect(await effectsOf(call, policy)).toEqual([]));

  it('name the events with their positions, and events that carry the id of the call without one', async () => {
    emit({ channel: 'apps:created', topic: topicIn('acme', 'apps:created') });
    emit({ channel: 'apps:created', topic: topicIn('acme', 'apps:created'), cause: '1' });
    call.stores({ channel: 'apps:created', topic: topicIn('acme', 'apps:created') });
    expect(await effectsOf(call, policy)).toEqual([
      { channel: 'apps:created', id: 'e-1' },
      { channel: 'apps:created' },
      { channel: 'apps:created' },
    ]);
    expect(asked).toEqual([]); // the caller is subscribed
  });

  it('leave out events that were refused or dropped, or whose position never comes', async () => {
    jest.useFakeTimers();
    const event = (): CausedEvent => ({ channel: 'apps:created', topic: topicIn('acme', 'apps:created') });
    emit(event(), Promise.reject(new Error('down')));
    emit(event(), { id: 'e-2', dropped: true });
    emit(event(), new Promise(() => undefined));
    emit(event(), { id: 'e-4' });
    const effects = effectsOf(call, policy);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await effects).toEqual([{ channel: 'apps:created', id: 'e-4' }]);
  });

  it('are those on channels that the caller can use, in its tenant; the policy decides once for each', async () => {
    const emits: [string, string][] = [
      ['apps:updated', 'acme'],
      ['apps:updated', 'acme'],
      ['apps:updated', 'globex'],
      ['users:updated', 'acme'],
    ];
    for (const [channel, tenant] of emits) emit({ channel, topic: topicIn(tenant, channel) });
    emit({ channel: 'system:health', topic: 'system:health' });
    expect((await effectsOf(call, policy)).map(({ channel }) => channel)).toEqual([
      'apps:updated',
      'apps:updated',
      'system:health',
    ]);
    expect(asked).toEqual(['apps:updated', 'apps:updated', 'users:updated', 'system:health']);
  });
});
