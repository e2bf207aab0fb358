import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/ports.js';
import { STAYING } from './checker/starvation.js';
import type { Backend } from './backends/backend.js';
import { ALL_CHANNELS, CHANNELS } from './channels.js';
import { FaultClient } from './client.js';
import { Emitter, type Pace } from './emitter.js';
import type { EntryPoint, Habits } from './habits.js';
import { Instance } from './instance.js';
import { LiveLoad } from './live/live-load.js';
import { Truth } from './live/truth.js';
import { emptyLog, type RunLog } from './log.js';
import { TcpProxy } from './proxy.js';
import type { Random } from '../support/random.js';

/** Time for clients to catch up after the last event, in milliseconds. */
const REST_MS = 30_000;

/** Half of the clients use streams. */
const TRANSPORTS = ['no', 'frames', 'no', 'cursor'] as const;

/** Environment variables of all instances. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  REALTIME_HISTORY_SIZE: '1000',
  REALTIME_STREAM_LEASE_MS: '2000',
};

/** A front end that clients connect to instead of an instance. */
export interface Front {
  readonly port: number;
  stop(): Promise<void>;
}

export interface WorldOptions<B extends Backend = Backend> {
  readonly dist: string;
  readonly backend: B;
  readonly instances: number;
  /** Number of instances, the last ones, that publish nothing. @default 0 */
  readonly listening?: number;
  /** Gives each emitter one channel, so that a waiting one does not block others. */
  readonly emitterPerChannel?: boolean;
  readonly random: Random;
  /** Additional environment variables of the instances. */
  readonly env?: Readonly<Record<string, string>>;
  /** Approximate events per second in total. */
  readonly rate: number;
  readonly ballast?: number;
  /** Connects clients through lines that can be cut. */
  readonly clientLines?: boolean;
  /** A load balancer in front of the instances. */
  readonly front?: (instances: readonly Instance[]) => Promise<Front>;
  readonly stayers: number;
  readonly wanderers: number;
  /** Clients that sometimes stop reading. */
  readonly dozers?: { readonly count: number; readonly habits: Habits };
}

/** Instances, their backend, clients and emitters: everything that a scenario acts on. */
export class World<B extends Backend = Backend> {
  readonly log: RunLog = emptyLog();
  readonly pace: Pace;
  readonly clientLines: TcpProxy[] = [];
  private readonly emitters: Emitter[] = [];
  private readonly clients: FaultClient[] = [];
  private readonly running: Promise<void>[] = [];
  private front: Front | null = null;
  private live: LiveLoad | null = null;
  /** Problems that a scenario found itself. */
  readonly complaints: string[] = [];
  private failure: Error | null = null;

  private constructor(
    readonly backend: B,
    readonly instances: readonly Instance[],
    readonly random: Random,
    private readonly options: WorldOptions<B>,
  ) {
    // One request in ten has four events.
    const emitters = this.publishing.length * this.channelsOfEmitters().length + 1;
    this.pace = { intervalMs: (1000 * emitters * 1.3) / options.rate, burst: 1, ballast: options.ballast ?? 40 };
  }

  /** Starts everything. On failure, stops everything that was started. */
  static async start<B extends Backend>(options: WorldOptions<B>): Promise<World<B>> {
    const { backend, random, dist } = options;
    const truth = await Truth.start(random.fork('truth'));
    const instances: Instance[] = [];
    for (let index = 0; index < options.instances; index += 1) {
      const env = { ...ENVIRONMENT, FAULT_TRUTH: truth.url, ...options.env, ...backend.env(index) };
      instances.push(await Instance.create(`i${index + 1}`, dist, env));
    }
    const world = new World(backend, instances, random, options);
    try {
      await Promise.all(instances.map((instance) => instance.start()));
      if (options.clientLines === true) {
        for (const { port } of instances) {
          world.clientLines.push(await TcpProxy.start(await freePort(), port, random.fork('line').next));
        }
      }
      world.front = (await options.front?.(instances)) ?? null;
      world.begin(truth);
      return world;
    } catch (error) {
      await world.stop();
      await truth.stop();
      throw error;
    }
  }

  /** Runs a fault and records its duration. */
  async fault(name: string, happen: () => Promise<void>): Promise<void> {
    const from = performance.now();
    await happen();
    this.log.faults.push({ name, from, to: performance.now() });
    this.throwIfFailed();
  }

  /** Disconnects every second client that can leave. @returns a function that lets them reconnect */
  sendAway(): () => void {
    const away = this.clients
      .filter(({ name }) => !name.startsWith(STAYING))
      .filter((_client, index) => index % 2 === 0);
    for (const client of away) client.goAway();
    const comeBack = this.live?.sendAway();
    return () => {
      comeBack?.();
      for (const client of away) client.comeBack();
    };
  }

  async calm(milliseconds: number): Promise<void> {
    await delay(milliseconds);
    this.throwIfFailed();
  }

  /** Continues publishing until every staying client has an event of each channel that started after the last fault. */
  async untilLive(milliseconds: number): Promise<void> {
    const { faults, emits, seen } = this.log;
    const from = faults.at(-1)?.to ?? 0;
    const until = performance.now() + milliseconds;
    const first = Math.max(
      0,
      seen.findIndex(({ at }) => at >= from),
    );
    const all = this.options.stayers * ALL_CHANNELS.length;
    const live = new Set<string>();
    while (live.size < all && performance.now() < until) {
      await delay(250);
      const begun = new Set(emits.filter(({ startedAt }) => startedAt >= from).map(({ key }) => key));
      for (const record of seen.slice(first)) {
        if ((record.kind !== 'event' && record.kind !== 'plain') || !begun.has(record.key)) continue;
        if (record.client.startsWith(STAYING)) live.add(`${record.client} ${record.channel}`);
      }
    }
    this.throwIfFailed();
  }

  /** Stops publishing, and waits until all clients have the same position. */
  async settle(): Promise<void> {
    this.pace.burst = 1;
    const settled = this.live?.settle();
    for (const client of this.clients) client.settle();
    await delay(500); // some last events that show the position of every channel
    for (const emitter of this.emitters) emitter.stop();
    await Promise.all(this.running.slice(0, this.emitters.length));
    const until = performance.now() + REST_MS;
    let rested = 0;
    // At rest means no change for a second. A client that is behind by then never catches up by itself.
    while (rested < 10 && performance.now() < until) {
      rested = this.isAtRest() ? rested + 1 : 0;
      await delay(100);
    }
    for (const client of this.clients) client.end();
    await Promise.all([...this.running, settled]);
    this.throwIfFailed();
  }

  /** Stops everything that was started. @returns problems during the stop */
  async stop(): Promise<string[]> {
    const problems: string[] = [];
    for (const emitter of this.emitters) emitter.stop();
    for (const client of this.clients) client.end();
    await this.live?.stop();
    for (const instance of this.instances) if (!instance.up) instance.thaw();
    await Promise.all(
      this.instances.map(async (instance) => {
        try {
          const inGoodOrder = await instance.stop();
          if (!inGoodOrder) problems.push(`${instance.name} did not end gracefully:\n${instance.output.slice(-2000)}`);
        } catch (error) {
          problems.push(`${instance.name} did not end: ${(error as Error).message.slice(0, 2000)}`);
        }
      }),
    );
    await Promise.allSettled([...this.running, ...this.clientLines.map((line) => line.stop())]);
    await this.front?.stop();
    await this.backend.stop();
    return problems;
  }

  private begin(truth: Truth): void {
    const { random, log, pace } = this;
    for (const instance of this.publishing) {
      for (const [index, channels] of this.channelsOfEmitters().entries()) {
        const name = `${instance.name}${String.fromCharCode(97 + index)}`;
        const manner = channels.length > 1 && index % 2 === 1 ? 'hasty' : 'plain';
        this.emitters.push(new Emitter(name, [instance], channels, pace, log, random.fork(name), manner));
      }
    }
    this.emitters.push(
      new Emitter('careful', this.publishing, ALL_CHANNELS, pace, log, random.fork('careful'), 'careful'),
    );
    const { front } = this;
    const ofInstances = (): EntryPoint[] =>
      this.instances.map(({ port, up }, index) => ({ port: this.clientLines[index]?.port ?? port, open: up }));
    const entryPoints = front === null ? ofInstances : () => [{ port: front.port, open: true }];
    // Each staying client has a fixed instance, and uses another only while that is down.
    const preferred = (index: number): readonly EntryPoint[] => {
      const all = ofInstances();
      const own = all[index % all.length]!;
      return own.open ? [own] : all;
    };
    const { stayers, wanderers, dozers } = this.options;
    const client = (name: string, where: () => readonly EntryPoint[], habits: Habits): void => {
      this.clients.push(new FaultClient(name, ALL_CHANNELS, where, log, random.fork(name), habits));
    };
    for (let index = 0; index < stayers; index += 1) {
      client(`${STAYING}${index + 1}`, front === null ? () => preferred(index) : entryPoints, {
        stayMs: null,
        streams: TRANSPORTS[index % TRANSPORTS.length]!,
      });
    }
    for (let index = 0; index < wanderers; index += 1) {
      client(`go${index + 1}`, entryPoints, { stayMs: [200, 3000], streams: TRANSPORTS[index % TRANSPORTS.length]! });
    }
    for (let index = 0; index < (dozers?.count ?? 0); index += 1)
      client(`doze${index + 1}`, entryPoints, { ...dozers!.habits, streams: TRANSPORTS[index % TRANSPORTS.length]! });
    const fail = (error: Error): void => void (this.failure ??= error);
    for (const runner of [...this.emitters, ...this.clients]) this.running.push(runner.run().catch(fail));
    const ofFollower = (own: number | null): readonly EntryPoint[] =>
      own === null || front !== null ? entryPoints() : preferred(own);
    this.live = new LiveLoad(
      truth,
      { instances: this.instances, random: random.fork('live'), log: log.live, entryPoints: ofFollower },
      fail,
    );
    this.live.start();
  }

  private get publishing(): readonly Instance[] {
    return this.instances.slice(0, this.instances.length - (this.options.listening ?? 0));
  }

  /** Returns the channels of each plain emitter of an instance. */
  private channelsOfEmitters(): readonly (readonly string[])[] {
    if (this.options.emitterPerChannel === true) return ALL_CHANNELS.map((channel) => [channel]);
    return [ALL_CHANNELS, ALL_CHANNELS];
  }

  private isAtRest(): boolean {
    return CHANNELS.every((channel) => {
      const [first, ...others] = this.clients.map((client) => client.standing(channel));
      return first !== null && others.every((other) => other === first);
    });
  }

  private throwIfFailed(): void {
    if (this.failure !== null) throw this.failure;
  }
}
