import { jest } from '@jest/globals';
import { StateFields } from '../../../src/realtime/channels/fields/state-fields.js';
import type { LiveResourceInfo } from '../../../src/realtime/live/state-loaders.js';
import { formatPosition } from '../../../src/protocol/index.js';
import { Open, Restricted } from './board-classes.js';
import { leakIn, type Role } from './board-model.js';
import { Changes } from './changes.js';
import { CHANNEL, Instance } from './instance.js';
import type { Held } from '../support/held-state.js';
import { ModelClient } from './model-client.js';
import { Scheduler, STEP_KINDS } from './scheduler.js';
import { SharedLog } from './shared-log.js';
import { Truth } from './truth.js';

/** The next thing that happens: a kind, and numbers that choose the details. */
export type Operation = readonly [kind: number, a: number, b: number];

const TTL_MS = 20_000;
const LEASE_MS = 7_000;
/** Limit of a world in which states are sometimes too large. */
const SMALL_BYTES = 600;
const PASSES_MS = [10, 60, 60, 600, 600, 1_100, 8_000, 40_000];
/** Number of calls after which instances that rest have none left. */
const MAX_STEPS = 5_000;
const flush = async (): Promise<void> => {
  for (let turns = 0; turns < 2; turns += 1) await new Promise(setImmediate);
};

interface Person {
  readonly client: ModelClient;
  role: Role;
  at: Instance;
  isOffline: boolean;
  /** Time of the last subscription, or of the last change of its view. */
  since: number;
}

/** Three instances, a backend and clients, on a virtual clock. Each call takes effect when an operation picks it. */
export class ModelWorld {
  readonly scheduler = new Scheduler();
  private readonly violations: string[] = [];
  private readonly log = new SharedLog(this.scheduler, (violation) => this.violations.push(violation));
  private readonly instances: Instance[] = [];
  private readonly people: Person[] = [];
  private readonly truth: Truth;
  private readonly resource: LiveResourceInfo;
  private readonly maxEventBytes: number;
  private readonly changes: Changes;
  /** The states of instances that were checked. */
  private readonly checked = new WeakSet();
  private loadsFail = false;
  operations = 0;
  loads = 0;

  /** @param kind chooses the limits of this world */
  constructor(
    private readonly isRestricted: boolean,
    kind: number,
  ) {
    const fields = StateFields.ofState(isRestricted ? Restricted : Open);
    const maxBytes = kind % 5 === 0 ? SMALL_BYTES : 1_000_000;
    this.resource = {
      ...{ pattern: CHANNEL, fields, maxBytes, ttlMs: TTL_MS, loadTimeoutMs: LEASE_MS - 2_000 },
      ...{ loader: { load: () => Promise.reject(new Error('never')) } },
    };
    this.maxEventBytes = kind % 3 === 0 ? 150 : 65_536;
    this.truth = new Truth(kind % 32 === 1 && maxBytes > SMALL_BYTES ? 'x'.repeat(70_000) : undefined);
    this.truth.announce(this.log.top, this.truth.numbers);
    this.changes = new Changes(this.truth, this.log);
    for (let index = 0; index < 3; index += 1) this.start(index);
    for (let index = 0; index < 4; index += 1) this.join(index);
  }

  async run([kind, a, b]: Operation): Promise<void> {
    this.operations += 1;
    const person = this.people[a % this.people.length]!;
    const instance = this.instances[a % this.instances.length]!;
    const { transport } = person.client.connection;
    if (kind < 470) for (let steps = b % 9; steps >= 0; steps -= 1) await this.step(a + steps * b);
    else if (kind < 550) this.take(person, b % 6);
    else if (kind < 690) this.changes.announced(instance, a, b);
    else if (kind < 720) this.changes.invalidate(instance);
    else if (kind < 755) this.changes.silent(a, b);
    else if (kind < 785) this.move(person, this.instances[b % this.instances.length]!, b % 5, b % 7 === 0);
    else if (kind < 795) this.leave(person, b % 5);
    else if (kind < 815) this.come(this.instances[b % this.instances.length]!);
    else if (kind < 835) this.changeRole(person);
    else if (kind < 850) person.at.pause(person.client.connection, b % 3 === 0);
    else if (kind < 855) [transport.reads, transport.bufferedBytes] = [false, 900_000];
    else if (kind < 872) this.drain(person);
    else if (kind < 876) await this.kill(a % this.instances.length);
    else if (kind < 879) this.restart(b % 3, a % 2 === 0);
    else if (kind < 881) this.log.isDown = true;
    else if (kind < 896) this.log.isDown = false;
    else if (kind < 903) this.log.reconnect(instance);
    else if (kind < 914) void instance.states.advance(CHANNEL).catch(() => undefined);
    else if (kind < 920) instance.states.cache.delete(CHANNEL);
    else if (kind < 922) this.loadsFail = true;
    else if (kind < 930) this.loadsFail = false;
    else if (kind < 948) this.scheduler.hold(instance, STEP_KINDS[b % STEP_KINDS.length]!);
    else if (kind < 966) this.scheduler.release(instance);
    else await jest.advanceTimersByTimeAsync(PASSES_MS[b % PASSES_MS.length]!);
    await flush();
    this.check();
  }

  /** Ends all faults, announces changes that were not, and checks that every client holds the state of the database. */
  async settle(): Promise<void> {
    this.loadsFail = false;
    for (const instance of this.instances) this.scheduler.release(instance);
    if (this.log.isDown) this.restart(0, true);
    while (this.people.some(({ isOffline }) => isOffline)) this.come(this.instances[0]!);
    for (const person of this.people) {
      this.drain(person);
      person.at.pause(person.client.connection, false);
    }
    await this.rest();
    if (this.changes.areUnknown) this.changes.invalidate(this.instances[0]!);
    await this.rest();
    // Clients do not need another event to hold the present state.
    if (this.resource.maxBytes > SMALL_BYTES) this.checkEnd();
    // Announces the end, and makes the state small enough.
    this.changes.announced(this.instances[1]!, 0, 6);
    await this.rest();
    this.check();
    this.checkEnd();
  }

  /** Numbers that show that a run tested something. */
  get figures(): Record<'states' | 'patches' | 'resumes' | 'loads' | 'compared' | 'steps', number> {
    const sum = (name: 'states' | 'patches' | 'resumes'): number =>
      this.people.reduce((total, { client }) => total + client.counts[name], 0);
    const { loads, truth, scheduler } = this;
    const clients = { states: sum('states'), patches: sum('patches'), resumes: sum('resumes') };
    return { ...clients, loads, compared: truth.compared, steps: scheduler.done };
  }

  async end(): Promise<void> {
    for (const instance of this.instances) await instance.kill();
  }

  /** Instances hold the same as clients, and the backend keeps its promises. */
  private check(): void {
    if (this.violations.length > 0) throw new Error(this.violations[0]);
    for (const { states } of this.instances) {
      const snapshot = states.cache.peek(CHANNEL)?.snapshot;
      if (snapshot === undefined || this.checked.has(snapshot)) continue;
      this.checked.add(snapshot);
      this.truth.check(this.roles('admin'), formatPosition(snapshot.position), snapshot.data);
    }
  }

  /** All clients hold the state of the database. */
  private checkEnd(): void {
    for (const { client, role } of this.people) this.truth.checkEnd(role, client.held?.data ?? {});
  }

  private async step(pick: number): Promise<void> {
    this.scheduler.step(pick);
    await flush();
  }

  private async rest(): Promise<void> {
    for (let rounds = 0; rounds < 50; rounds += 1) {
      for (const person of this.people) this.take(person, Infinity);
      for (const person of this.people) if (this.isLost(person)) this.move(person, person.at, 0, false);
      await jest.advanceTimersByTimeAsync(rounds < 8 ? 100 : rounds < 16 ? 1_000 : 4_000);
      await flush();
      for (let steps = 0; steps < MAX_STEPS && this.scheduler.step(0); steps += 1) await flush();
      if (this.scheduler.size === 0 && rounds > 20) return;
    }
    throw new Error('The instances do not come to rest');
  }

  private isLost({ client, isOffline }: Person): boolean {
    return (
      !isOffline && (!client.connection.subscriptions.has(CHANNEL) || client.connection.transport.closes.length > 0)
    );
  }

  private start(index: number): void {
    const { resource, maxEventBytes } = this;
    const load = (): unknown => this.load();
    const options = { resource, maxEventBytes, load, spreadsNotices: index === 2 };
    this.instances[index] = new Instance(this.log, this.scheduler, options);
  }

  private load(): unknown {
    this.loads += 1;
    return this.loadsFail ? null : structuredClone(this.truth.state);
  }

  private join(index: number): void {
    const at = this.instances[index % this.instances.length]!;
    const role = index % 2 === 0 ? 'user' : 'admin';
    const person: Person = { client: new ModelClient(at.connect()), role, at, isOffline: false, since: 0 };
    this.people.push(person);
    this.subscribe(person);
  }

  private subscribe(person: Person): void {
    const { client, at } = person;
    const { connection, held } = client;
    person.since = Date.now();
    void at.subscribe(connection, () => [person.role], held?.id).catch(() => at.disconnect(connection));
  }

  /** Takes some of the frames that were sent to a client, and checks them. */
  private take({ client, role, since, isOffline }: Person, count: number): void {
    if (isOffline) return;
    const compare = ({ id, data }: Held, isState: boolean): void => {
      this.truth.check(this.roles(role), id, data, isState ? since - TTL_MS : undefined);
      if (isState && JSON.stringify(data).length > this.resource.maxBytes) throw new Error('A state is too large');
    };
    for (const text of client.take(count, compare)) {
      const leak = this.isRestricted ? leakIn(role, text) : null;
      if (leak !== null) throw new Error(`A client with the role ${role} received ${leak}: ${text}`);
    }
  }

  /** The views in which a state of a role is compared: with all fields, it also shows what others hold. */
  private roles(role: Role): readonly Role[] {
    if (!this.isRestricted) return ['admin'];
    return role === 'admin' ? ['admin', 'user'] : ['user'];
  }

  /** Connects a client to another instance. @param isNew true if it holds no state, as a new tab */
  private move(person: Person, to: Instance, frames: number, isNew: boolean): void {
    if (!person.isOffline) this.leave(person, frames);
    const { client } = person;
    if (isNew) client.held = null;
    person.at = to;
    person.isOffline = false;
    client.move(to.connect());
    this.subscribe(person);
  }

  /** Disconnects a client. It keeps what it holds. */
  private leave(person: Person, frames: number): void {
    if (person.isOffline) return;
    this.take(person, frames);
    person.at.disconnect(person.client.connection);
    person.isOffline = true;
  }

  /** Connects a client that is offline. */
  private come(to: Instance): void {
    const person = this.people.find(({ isOffline }) => isOffline);
    if (person !== undefined) this.move(person, to, 0, false);
  }

  private changeRole(person: Person): void {
    const { client, isOffline } = person;
    const role = person.role === 'admin' ? 'user' : 'admin';
    if (!isOffline) {
      if (this.isLost(person)) return;
      this.take(person, Infinity);
      person.at.show(client.connection, [role]);
      // The state with the other fields comes first.
      if (this.isRestricted) [client.held, person.since] = [null, Date.now()];
    }
    person.role = role;
  }

  private drain({ client }: Person): void {
    const { transport, sendBuffer } = client.connection;
    [transport.reads, transport.bufferedBytes] = [true, 0];
    transport.drain();
    sendBuffer.send('{"type":"pong"}');
  }

  private restart(lost: number, keepsStates: boolean): void {
    this.log.restart(lost, keepsStates);
    // In the new epoch all states are loaded after the restart.
    this.truth.announce(this.log.top, this.truth.numbers);
  }

  private async kill(index: number): Promise<void> {
    const killed = this.instances[index]!;
    await killed.kill();
    this.changes.abandon(killed);
    this.start(index);
    for (const person of this.people) {
      if (person.at === killed && !person.isOffline) this.move(person, this.instances[(index + 1) % 3]!, 2, false);
    }
  }
}
