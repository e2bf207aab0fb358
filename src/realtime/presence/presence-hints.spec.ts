import { Logger } from '@nestjs/common';
import { LinkedCluster, type LinkedBroker } from '../../../test/support/linked-cluster.js';
import { OfflineGateway } from '../../../test/support/offline-gateway.js';
import { until } from '../../../test/support/until.js';
import { ClusterBus } from '../cluster/cluster-bus.js';
import { HINT_CHANNELS } from './hint.js';
import { PresenceHints } from './presence-hints.js';

describe('hints of presence', () => {
  let gateways: OfflineGateway[];
  let buses: ClusterBus[];
  /** The channels of each message on the wire. */
  let messages: string[][];

  beforeAll(async () => {
    const cluster = new LinkedCluster();
    gateways = [];
    for (let count = 0; count < 2; count += 1) gateways.push(await OfflineGateway.start({ backend: cluster.join() }));
    buses = gateways.map(({ app }) => app.get(ClusterBus));
    const observer = await new Promise<LinkedBroker>((resolve) => {
      void cluster.join(resolve)({ clock: { now: () => 0 } } as never);
    });
    const event = (_topic: string, { body }: { body: string }): void => {
      messages.push((JSON.parse(body) as { message: { channels: string[] } }).message.channels);
    };
    observer.listen({ event, position: () => undefined });
    await observer.subscribe('$presence', null);
  });
  beforeEach(() => {
    messages = [];
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    Logger.overrideLogger(true);
  });

  it('reach the other instances, and not the one that sent them', async () => {
    const [here, there] = buses.map((bus) => new PresenceHints(bus)) as [PresenceHints, PresenceHints];
    const changed: string[] = [];
    here.listen((topic) => void changed.push(`here ${topic}`));
    there.listen((topic) => void changed.push(`there ${topic}`));
    await new Promise(setImmediate);
    here.send('a');
    there.send('b');
    await until(() => changed.length === 2);
    await new Promise(setImmediate);
    expect(changed.toSorted()).toEqual(['here b', 'there a']);
  });

  it('of one turn leave together, once for each channel, and in messages of a limited size', async () => {
    const hints = new PresenceHints(buses[0] as ClusterBus);
    for (const topic of ['a', 'b', 'a']) hints.send(topic);
    expect(messages).toEqual([]);
    await until(() => messages.length > 0);
    hints.send('a');
    await until(() => messages.length > 1);
    expect(messages).toEqual([['a', 'b'], ['a']]);
    for (let index = 0; index <= HINT_CHANNELS; index += 1) hints.send(`c${index}`);
    await until(() => messages.length > 3);
    expect(messages.slice(2).map(({ length }) => length)).toEqual([500, 1]);
  });

  it('are not sent if there can be no other instance', async () => {
    const alone = await OfflineGateway.start();
    const bus = alone.app.get(ClusterBus);
    let calls = 0;
    bus.broadcast = async () => void (calls += 1);
    bus.listen = async () => void (calls += 1);
    const hints = new PresenceHints(bus);
    hints.listen(() => undefined);
    hints.send('a');
    await new Promise(setImmediate);
    expect(calls).toBe(0);
    await alone.close();
  });
});
