import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { signToken } from '../../support/jwt.js';
import type { Random } from '../../support/random.js';
import { SingleBackend } from '../backends/single.js';
import { Instance } from '../instance.js';
import { post } from '../post.js';
import { guestToken, PRESENCE_CHANNEL, GuestConnection, type InstanceAddress, type GuestToken } from './guest.js';
import { emptyServiceLog, KILL, type Life, type Order, type ServiceLog } from './log.js';
import { usersHere } from './check-presence.js';

const ADMIN = signToken({ sub: 'operator', role: 'admin' });
/** Timeout for the response, in milliseconds. A command waits 10 s for Redis and 2 s for confirmations. */
const ANSWER_MS = 15_000;
/** Time to wait until every watcher sees a new user, in milliseconds. The run continues afterwards. */
const SHOWN_MS = 5_000;

/** Instances connected by Redis, with guests that join, leave and watch, and an operator who disconnects them. */
export class ServiceWorld {
  readonly log: ServiceLog = emptyServiceLog();
  private readonly lives = new Map<Instance, Life>();
  private readonly agent = new Agent({ keepAlive: false });
  private readonly running: Promise<void>[] = [];
  private readonly connections = new Set<GuestConnection>();
  private readonly revoked: GuestToken[] = [];
  private isOver = false;
  private failure: Error | null = null;
  private count = 0;

  private constructor(
    readonly backend: SingleBackend,
    readonly instances: readonly Instance[],
    readonly random: Random,
  ) {}

  static async start(dist: string, count: number, random: Random): Promise<ServiceWorld> {
    const backend = await SingleBackend.start(count, random, ['appendonly yes', 'appendfsync always']);
    const instances: Instance[] = [];
    for (let index = 0; index < count; index += 1) {
      const env = { ...backend.env(index), REALTIME_OPERATOR_API: 'true' };
      instances.push(await Instance.create(`i${index + 1}`, dist, env));
    }
    const world = new ServiceWorld(backend, instances, random);
    try {
      await Promise.all(instances.map((instance) => world.begin(instance)));
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /**
   * Starts watchers on each instance, users who come and go, users who stay, and an operator who disconnects and
   * revokes.
   */
  populate(): void {
    for (const instance of this.instances) {
      const name = `watch-${instance.name}`;
      this.run(() => this.keepConnected(name, () => this.addressOf(instance), name));
    }
    for (let index = 1; index <= 2; index += 1) {
      this.run(() => this.keepConnected(`steady${index}`, () => this.anyAddress(), ''));
      this.run(() => this.comeAndGo(`guest${index}`));
    }
    this.run(() => this.operate());
    this.run(() => this.intrude());
  }

  async fault(name: string, happen: () => Promise<void>): Promise<void> {
    const from = performance.now();
    await happen();
    this.log.faults.push({ name, from, to: performance.now() });
    this.throwIfFailed();
  }

  /**
   * Kills an instance together with a user who does not return, and starts it again.
   * @param before runs right before the restart
   */
  async replace(instance: Instance, downMs: number, before?: () => Promise<void>): Promise<void> {
    this.count += 1;
    const user = `gone${this.count}`;
    const connection = this.connect(guestToken(user, `session of ${user}`), this.addressOf(instance)!, '');
    const until = performance.now() + SHOWN_MS;
    while (performance.now() < until && !this.watchers().every((name) => this.shownTo(name).has(user))) await delay(50);
    if (!connection.isJoined) throw new Error(`${user} could not join ${PRESENCE_CHANNEL}`);
    await before?.();
    await this.fault(KILL, async () => {
      const life = this.lives.get(instance)!;
      this.lives.delete(instance);
      life.to = performance.now();
      await instance.kill();
      await delay(downMs);
      await this.begin(instance);
    });
  }

  async calm(milliseconds: number): Promise<void> {
    await delay(milliseconds);
    this.throwIfFailed();
  }

  /** Stops all activity. Resolves once every watcher sees the remaining users, or after the timeout. */
  async settle(withinMs: number): Promise<void> {
    this.isOver = true;
    const until = performance.now() + withinMs;
    while (performance.now() < until && !this.isSettled()) await delay(100);
    this.log.endedAt = performance.now();
    for (const connection of this.connections) connection.leave(false);
    await Promise.all(this.running);
    this.throwIfFailed();
  }

  async stop(): Promise<void> {
    this.isOver = true;
    for (const connection of this.connections) connection.leave(false);
    await Promise.allSettled([...this.running, ...this.instances.map((instance) => instance.stop())]);
    this.agent.destroy();
    await this.backend.stop();
  }

  private watchers(): string[] {
    return this.instances.map(({ name }) => `watch-${name}`);
  }

  private isSettled(): boolean {
    const here = usersHere(this.log.visits);
    return this.watchers().every((name) => {
      const shown = this.shownTo(name);
      return shown.size === here.size && [...here].every((user) => shown.has(user));
    });
  }

  /** Returns the users that a watcher sees now. */
  private shownTo(watcher: string): Set<string> {
    const shown = new Set<string>();
    for (const view of this.log.views) {
      if (view.watcher !== watcher) continue;
      if (view.kind !== 'diff') shown.clear();
      if (view.kind === 'list') for (const user of view.members) shown.add(user);
      if (view.kind === 'diff') {
        for (const user of view.left) shown.delete(user);
        for (const user of view.joined) shown.add(user);
      }
    }
    return shown;
  }

  private async begin(instance: Instance): Promise<void> {
    const from = performance.now();
    await instance.start();
    const life: Life = { id: await idOf(instance), from, to: null };
    this.lives.set(instance, life);
    this.log.lives.push(life);
  }

  private addressOf(instance: Instance): InstanceAddress | null {
    const life = this.lives.get(instance);
    return life === undefined ? null : { port: instance.port, life: life.id };
  }

  private anyAddress(): InstanceAddress | null {
    const open = this.instances.flatMap((instance) => this.addressOf(instance) ?? []);
    return open.length === 0 ? null : this.random.pick(open);
  }

  private run(work: () => Promise<void>): void {
    this.running.push(work().catch((error: unknown) => void (this.failure ??= error as Error)));
  }

  private connect(token: GuestToken, address: InstanceAddress, watcher: string | null): GuestConnection {
    const connection = new GuestConnection(this.log, token, address, watcher);
    this.connections.add(connection);
    void connection.gone.then(() => this.connections.delete(connection));
    return connection;
  }

  /** Reconnects whenever its connection ends; stays connected after the run. */
  private async keepConnected(user: string, where: () => InstanceAddress | null, watcher: string): Promise<void> {
    const token = guestToken(user, `session of ${user}`);
    while (this.log.endedAt === Infinity) {
      const address = where();
      if (address !== null) await this.connect(token, address, watcher).gone;
      await delay(this.random.between(50, 300));
    }
  }

  private async comeAndGo(user: string): Promise<void> {
    const token = guestToken(user, `session of ${user}`);
    while (!this.isOver) {
      const address = this.anyAddress();
      if (address !== null) {
        const connection = this.connect(token, address, '');
        await connection.forAtMost(this.random.between(500, 6_000));
        connection.leave(this.random.chance(0.5));
      }
      // A reload, or a real absence.
      await delay(this.random.chance(0.5) ? this.random.between(50, 1_500) : this.random.between(6_000, 12_000));
    }
  }

  /** Connects a new user to each instance, and disconnects or revokes it everywhere. */
  private async operate(): Promise<void> {
    while (!this.isOver) {
      this.count += 1;
      const token = guestToken(`target${this.count}`, `session ${this.count}`);
      const addresses = this.instances.flatMap((instance) => this.addressOf(instance) ?? []);
      const connections = addresses.map((address) => this.connect(token, address, null));
      await Promise.all(connections.map(({ opened }) => opened));
      const what = this.log.orders.length % 2 === 0 ? 'revoke' : 'disconnect';
      await this.command(what, what === 'disconnect' ? token.user : token.session);
      const address = this.anyAddress();
      if (what === 'revoke') this.revoked.push(token);
      // Another connection of the same user, started after the command.
      else if (address !== null) connections.push(this.connect(token, address, null));
      await delay(this.random.between(100, 400));
      // Connections stay open until they are closed, or until that would be a violation.
      this.run(async () => {
        await Promise.all(connections.map((connection) => connection.forAtMost(12_000)));
        for (const connection of connections) connection.leave(true);
      });
    }
  }

  private async command(what: Order['do'], target: string): Promise<void> {
    const up = this.instances.filter((instance) => this.lives.has(instance));
    if (up.length === 0) return;
    const startedAt = performance.now();
    const path = what === 'disconnect' ? `users/${target}/disconnect` : `sessions/${encodeURIComponent(target)}/revoke`;
    const { httpUrl } = this.random.pick(up);
    const headers = { Authorization: `Bearer ${ADMIN}` };
    const answer = await post(`${httpUrl}/realtime/${path}`, {}, { agent: this.agent, headers, timeoutMs: ANSWER_MS });
    const isDone = answer.kind === 'answered' && (answer.status === 200 || answer.status === 202);
    if (answer.kind === 'answered' && !isDone && answer.status !== 503) {
      throw new Error(`${path} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    const result = isDone ? (answer.body as NonNullable<Order['result']>) : null;
    this.log.orders.push({ do: what, target, startedAt, settledAt: performance.now(), result });
  }

  /** Tries revoked tokens on every instance, repeatedly. */
  private async intrude(): Promise<void> {
    while (!this.isOver) {
      await delay(100);
      const address = this.anyAddress();
      if (this.revoked.length === 0 || address === null) continue;
      const connection = this.connect(this.random.pick(this.revoked), address, null);
      await connection.opened;
      await connection.forAtMost(50);
      connection.leave(false);
    }
  }

  private throwIfFailed(): void {
    if (this.failure !== null) throw this.failure;
  }
}

/** Returns the id of an instance, from the details of a connection to it. */
async function idOf({ httpUrl, port }: Instance): Promise<string> {
  const user = `who is ${port} ${performance.now()}`;
  const connection = new GuestConnection(emptyServiceLog(), guestToken(user, user), { port, life: '' }, null);
  try {
    if (!(await connection.opened)) throw new Error(`No connection to ${httpUrl}`);
    const url = `${httpUrl}/realtime/connections?user=${encodeURIComponent(user)}`;
    const response = await fetch(url, { headers: { Authorization: `Bearer ${ADMIN}` } });
    const { connections } = (await response.json()) as { connections: { instanceId: string }[] };
    return connections[0]!.instanceId;
  } finally {
    connection.leave(true);
  }
}
