import { jest } from '@jest/globals';
import { StateFields } from '../../../src/realtime/channels/fields/state-fields.js';
import type { LiveResourceInfo } from '../../../src/realtime/live/state-loaders.js';
import { changeOf, leakIn, Open, Restricted, shownTo, type BoardState, type Role } from './board-model.js';
import { Instance } from './instance.js';
import { ModelClient, type Held } from './model-client.js';
import { Scheduler } from './scheduler.js';
import { SharedLog } from './shared-log.js';

/** The next thing that happens: a kind, and numbers that choose the details. */
export type Operation = readonly [kind: number, a: number, b: number];

const LEASE_MS = 7_000;
const flush = async (): Promise<void> => {
  for (let turns = 0; turns < 2; turns += 1) await new Promise(setImmediate);
};

interface Person {
  readonly client: ModelClient;
  role: Role;
  at: Instance;
}

/** Three instances, a backend and clients, on a virtual clock. Each call takes effect when an operation picks it. */
export class ModelWorld {
  readonly scheduler = new Scheduler();
  private readonly log = new SharedLog(this.scheduler);
  private readonly instances: Instance[] = [];
  private readonly people: Person[] = [];
  private readonly state: BoardState = { name: 'start', cards: {} };
  private readonly resource: LiveResourceInfo;
  /** The states that clients of a role held, by role and position. */
  private readonly seen = new Map<string, string>();
  private writer: Instance | null = null;
  /** Number of the last change without an event: silent, or its event was refused or lost with an instance. */
  private lastSilent = 0;
  /** Number of the last change that was certainly announced by an invalidation. */
  private announced = 0;
  private loadsFail = false;
  private loading: { readonly by: object; readonly until: number } | null = null;
  operations = 0;
  loads = 0;

  constructor(private readonly isRestricted: boolean) {
    const fields = StateFields.ofState(isRestricted ? Restricted : Open);
    this.resource = {
      ...{ pattern: 'boards:1', fields, maxBytes: 1_000_000, ttlMs: 60_000, loadTimeoutMs: LEASE_MS - 2_000 },
      ...{ loader: { load: () => Promise.reject(new Error('never')) } },
    };
    for (let index = 0; index < 3; index += 1) this.start(index);
    for (let index = 0; index < 4; index += 1) this.join(index);
  }

  async run([kind, a, b]: Operation): Promise<void> {
    this.operations += 1;
    const person = this.people[a % this.people.length]!;
    const instance = this.instances[a % this.instances.length]!;
    const { transport } = person.client.connection;
    if (kind < 380) for (let steps = b % 6; steps >= 0; steps -= 1) await this.step(a + steps * b);
    else if (kind < 480) this.take(person, b % 6);
    else if (kind < 730) this.change(instance, a, b);
    else if (kind < 770) this.invalidate(instance);
    else if (kind < 800) this.changeSilently(a, b);
    else if (kind < 840) this.move(person, this.instances[b % this.instances.length]!, b % 5);
    else if (kind < 860) this.changeRole(person);
    else if (kind < 880) person.at.pause(person.client.connection, b % 3 === 0);
    else if (kind < 885) [transport.reads, transport.bufferedBytes] = [false, 900_000];
    else if (kind < 905) this.drain(person);
    else if (kind < 909) await this.kill(a % this.instances.length);
    else if (kind < 912) this.restart(b % 3, a % 2 === 0);
    else if (kind < 914) this.log.isDown = true;
    else if (kind < 930) this.log.isDown = false;
    else if (kind < 937) this.log.reconnect(instance);
    else if (kind < 950) void instance.states.advance('boards:1').catch(() => undefined);
    else if (kind < 954) instance.states.cache.delete('boards:1');
    else if (kind < 956) this.loadsFail = true;
    else if (kind < 966) this.loadsFail = false;
    else await jest.advanceTimersByTimeAsync([10, 60, 60, 600, 600, 1_100, 8_000, 40_000][b % 8]!);
    await flush();
  }

  /** Ends all faults, announces changes that were not, and checks that every client holds the state of the database. */
  async settle(): Promise<void> {
    this.loadsFail = false;
    if (this.log.isDown) this.restart(0, true);
    for (const person of this.people) {
      this.drain(person);
      person.at.pause(person.client.connection, false);
    }
    await this.rest();
    if (this.lastSilent > this.announced) this.invalidate(this.instances[0]!);
    await this.rest();
    this.change(this.instances[1]!, 0, 1);
    await this.rest();
    for (const { client, role } of this.people) {
      const [held, expected] = [shownTo(role, client.held?.data ?? {}), shownTo(role, this.state)];
      if (held !== expected) throw new Error(`In the end a client holds ${held}, not ${expected}`);
    }
  }

  /** Numbers that show that a run tested something. */
  get figures(): Record<'states' | 'patches' | 'resumes' | 'loads' | 'compared', number> {
    const sum = (name: 'states' | 'patches' | 'resumes'): number =>
      this.people.reduce((total, { client }) => total + client.counts[name], 0);
    const { loads, seen } = this;
    return { states: sum('states'), patches: sum('patches'), resumes: sum('resumes'), loads, compared: seen.size };
  }

  async end(): Promise<void> {
    for (const instance of this.instances) await instance.kill();
  }

  private async step(pick: number): Promise<void> {
    this.scheduler.step(pick);
    await flush();
  }

  private async rest(): Promise<void> {
    for (let rounds = 0; rounds < 60; rounds += 1) {
      while (this.scheduler.step(0)) await flush();
      for (const person of this.people) this.take(person, Infinity);
      for (const person of this.people) if (this.isLost(person)) this.move(person, person.at, 0);
      await jest.advanceTimersByTimeAsync(rounds < 20 ? 100 : 1_000);
      await flush();
      if (this.scheduler.size === 0 && rounds > 45) return;
    }
    throw new Error('The instances do not come to rest');
  }

  private isLost({ client }: Person): boolean {
    return !client.connection.subscriptions.has('boards:1') || client.connection.transport.closes.length > 0;
  }

  private start(index: number): void {
    const instance: Instance = new Instance(
      ...[this.log, this.scheduler, this.resource, () => this.load(instance)],
      // This one spreads its notices over time.
      index === 2,
    );
    this.instances[index] = instance;
  }

  private load(by: object): unknown {
    this.loads += 1;
    if (this.loading !== null && this.loading.by !== by && performance.now() < this.loading.until) {
      throw new Error('Two instances load at once');
    }
    return this.loadsFail ? null : structuredClone(this.state);
  }

  private join(index: number): void {
    const at = this.instances[index % this.instances.length]!;
    const role = index % 2 === 0 ? 'user' : 'admin';
    const person: Person = { client: new ModelClient(at.connect()), role, at };
    this.people.push(person);
    this.subscribe(person);
  }

  private subscribe({ client, role, at }: Person): void {
    const { connection, held } = client;
    void at.subscribe(connection, [role], held?.id).catch(() => at.disconnect(connection));
  }

  /** Takes some of the frames that were sent to a client, and checks them. */
  private take({ client, role }: Person, count: number): void {
    for (const text of client.take(count, (held) => this.compare(role, held))) {
      const leak = this.isRestricted ? leakIn(role, text) : null;
      if (leak !== null) throw new Error(`A client with the role ${role} received ${leak}: ${text}`);
    }
  }

  /** All clients hold the same at a position: what their role shows of one state. */
  private compare(role: Role, { id, data }: Held): void {
    const roles: readonly Role[] = this.isRestricted ? (role === 'admin' ? ['admin', 'user'] : ['user']) : ['admin'];
    for (const one of roles) {
      const [key, text] = [`${one} ${id}`, shownTo(one, data)];
      const other = this.seen.get(key);
      if (other !== undefined && other !== text) throw new Error(`At ${id} clients hold ${text} and ${other}`);
      this.seen.set(key, text);
    }
  }

  private change(instance: Instance, a: number, b: number): void {
    if (this.writer !== null) return;
    const { apply, patch } = changeOf(b, a, this.operations, this.state);
    apply(this.state);
    const publish = b % 11 === 0 ? { set: { '': structuredClone(this.state) } } : patch;
    this.writer = instance;
    const isOver = (): void => void (this.writer = this.writer === instance ? null : this.writer);
    void instance
      .publish(b % 13 === 0 ? { reload: true } : publish)
      .catch(() => (this.lastSilent = this.operations))
      .finally(isOver);
  }

  private changeSilently(a: number, b: number): void {
    changeOf(b, a, this.operations, this.state).apply(this.state);
    this.lastSilent = this.operations;
  }

  private invalidate(instance: Instance): void {
    const { operations } = this;
    instance
      .invalidate()
      .then(() => (this.announced = Math.max(this.announced, operations)))
      .catch(() => undefined);
  }

  private move(person: Person, to: Instance, frames: number): void {
    this.take(person, frames);
    person.at.disconnect(person.client.connection);
    person.at = to;
    person.client.move(to.connect());
    this.subscribe(person);
  }

  private changeRole(person: Person): void {
    const { client } = person;
    if (this.isLost(person)) return;
    this.take(person, Infinity);
    person.role = person.role === 'admin' ? 'user' : 'admin';
    person.at.show(client.connection, [person.role]);
    // The state with the other fields comes first.
    if (this.isRestricted) client.held = null;
  }

  private drain({ client }: Person): void {
    const { transport, sendBuffer } = client.connection;
    [transport.reads, transport.bufferedBytes] = [true, 0];
    transport.drain();
    sendBuffer.send('{"type":"pong"}');
  }

  private restart(lost: number, keepsStates: boolean): void {
    this.log.restart(lost, keepsStates);
  }

  private async kill(index: number): Promise<void> {
    const killed = this.instances[index]!;
    await killed.kill();
    if (this.writer === killed) [this.writer, this.lastSilent] = [null, this.operations];
    this.start(index);
    for (const person of this.people) if (person.at === killed) this.move(person, this.instances[(index + 1) % 3]!, 2);
  }
}
