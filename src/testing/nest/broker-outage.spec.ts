import { memoryBackend, RealtimeClock, type Broker, type OutgoingEvent } from '../../realtime/index.js';
import { BrokerOutage } from './broker-outage.js';

describe('an outage of the broker', () => {
  let clock: RealtimeClock;
  let broker: Broker;
  let outage: BrokerOutage;
  const event = (body: string): OutgoingEvent => ({
    topic: 't',
    body,
    history: { size: 9, ttlMs: 9_000 },
    timeoutMs: 1_000,
  });

  beforeEach(async () => {
    clock = new RealtimeClock();
    ({ broker } = await memoryBackend()({ clock } as never));
    outage = new BrokerOutage(broker, clock);
  });
  afterEach(() => {
    outage.end();
    return broker.close();
  });

  it('holds events, and publishes them in order at its end', async () => {
    outage.begin();
    const published = [broker.publish(event('é')), broker.publish(event('b'))];
    expect(broker.status).toMatchObject({ up: false, reason: expect.stringContaining('brokerDown()') });
    expect(broker.health).toEqual({ queuedEvents: 2, queuedBytes: 3, selfPingAgeMs: null });
    outage.end();
    expect((await Promise.all(published)).map((position) => position?.offset)).toEqual([1, 2]);
    expect(broker.status.up).toBe(true);
    expect(broker.health.queuedEvents).toBe(0);
  });

  it('rejects an event after its time, also if the clock is advanced', async () => {
    outage.begin();
    const late = broker.publish(event('late'));
    const later = broker.publish({ ...event('later'), timeoutMs: 5_000 });
    clock.advance(1_500);
    await expect(late).rejects.toThrow('Not published in time');
    outage.end();
    expect((await later)?.offset).toBe(1);
  });

  it('rejects an event after its time by itself', async () => {
    outage.begin();
    await expect(broker.publish({ ...event('late'), timeoutMs: 1 })).rejects.toThrow('Not published in time');
  });

  it('fails what needs the broker, and can begin again', async () => {
    for (const _ of [1, 2]) {
      outage.begin();
      outage.begin();
      await expect(broker.subscribe('t', null)).rejects.toThrow('The broker is unavailable');
      await expect(broker.read('t', { epoch: 'e', offset: 0 }, { maxEvents: 1, maxBytes: 1 })).rejects.toThrow(
        'unavailable',
      );
      await expect(broker.latest('t', 1)).rejects.toThrow('unavailable');
      await expect(broker.listeners('t')).rejects.toThrow('unavailable');
      outage.end();
      expect(await broker.subscribe('t', null)).toBeNull();
    }
  });
});
