import { isDeepStrictEqual } from 'node:util';
import { applyPatch, type StatePatch } from '../../../src/protocol/index.js';
import { LiveResources, statePatch, remove, replace } from '../../../src/realtime/index.js';
import type { RealtimeApp } from '../../realtime/support/realtime-app.js';
import { signToken } from '../../support/jwt.js';
import type { Random } from '../../support/random.js';
import type { Database } from './board.js';
import { Follower } from './follower.js';

interface Card {
  title: string;
  salary?: number;
  hash?: string;
}

/** The parts of a board that a role can see. */
export function seenBy(role: string, state: unknown): unknown {
  const { budget, cards, ...rest } = state as { budget?: object; cards: Record<string, Card> };
  const shown = Object.entries(cards).map(([key, { title, salary }]) => {
    return [key, { title, ...(role === 'admin' && salary !== undefined && { salary }) }] as const;
  });
  return { ...rest, cards: Object.fromEntries(shown), ...(role === 'admin' && budget !== undefined && { budget }) };
}

/** Random changes of one board, and clients that follow it. */
export class LiveWalk {
  private readonly followers: { follower: Follower; role: string; sub: string }[] = [];
  private rounds = 0;
  operations = 0;

  constructor(
    private readonly random: Random,
    private readonly apps: readonly RealtimeApp[],
    private readonly database: Database,
    private readonly channel: string,
    private readonly lose: () => Promise<void>,
  ) {
    database.states.set(channel, { name: 'start', cards: {} });
  }

  private get live(): LiveResources {
    return this.random.pick(this.apps).app.get(LiveResources);
  }

  async join(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      const role = at % 2 === 0 ? 'user' : 'admin';
      const sub = `${role}${at}`;
      const follower = new Follower(await this.random.pick(this.apps).connectAs({ sub, role }), this.channel);
      follower.subscribe();
      this.followers.push({ follower, role, sub });
    }
  }

  /** Makes some changes, and compares what every client holds with the database. */
  async round(changes: number): Promise<void> {
    for (let at = 0; at < changes; at += 1) await this.operation();
    this.rounds += 1;
    const name = `end ${this.rounds}`;
    await this.patch({ name });
    for (const { follower, role } of this.followers) {
      await follower.until(({ data }) => (data as { name?: string } | undefined)?.name === name);
      const expected = seenBy(role, this.database.states.get(this.channel));
      if (isDeepStrictEqual(follower.data, expected)) continue;
      throw new Error(`A client (${role}) holds ${JSON.stringify(follower.data)}, not ${JSON.stringify(expected)}`);
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.followers.map(({ follower }) => follower.client.close()));
  }

  private async operation(): Promise<void> {
    this.operations += 1;
    const { random } = this;
    const kind = random.next();
    if (kind < 0.5) await this.patch(this.change());
    else if (kind < 0.6) await this.silently();
    else if (kind < 0.7) await this.whole();
    else if (kind < 0.9) await this.reconnect();
    else if (kind < 0.97) await this.changeRole();
    else await this.lose();
  }

  private change(): Record<string, unknown> {
    const { random } = this;
    const card = String(Math.floor(random.between(0, 4)));
    const value = Math.floor(random.between(1_000, 9_999));
    return random.pick<Record<string, unknown>>([
      { name: `n${value}` },
      { cards: { [card]: replace({ title: `t${value}`, salary: value, hash: 'HASH' }) } },
      { cards: { [card]: { title: `t${value}` } } },
      { cards: { [card]: remove() } },
      { budget: { limit: value } },
      { tags: [value] },
    ]);
  }

  private async patch(partial: Record<string, unknown>): Promise<void> {
    this.apply(statePatch(partial));
    await this.live.patch(this.channel, partial);
  }

  /** Changes the database by several changes, and announces them together. */
  private async silently(): Promise<void> {
    for (let at = 0; at < 2; at += 1) this.apply(statePatch(this.change()));
    await this.live.invalidate(this.channel);
  }

  private async whole(): Promise<void> {
    this.apply(statePatch(this.change()));
    await this.live.set(this.channel, this.database.states.get(this.channel));
  }

  private async reconnect(): Promise<void> {
    const one = this.random.pick(this.followers);
    const { follower, role, sub } = one;
    // Some frames were taken, and the others are lost with the connection.
    if (this.random.chance(0.5)) await follower.client.fence();
    await follower.client.close();
    const next = new Follower(await this.random.pick(this.apps).connectAs({ sub, role }), this.channel);
    next.data = follower.data;
    next.id = follower.id;
    next.subscribe();
    one.follower = next;
  }

  private async changeRole(): Promise<void> {
    const one = this.random.pick(this.followers);
    one.role = one.role === 'user' ? 'admin' : 'user';
    await one.follower.client.ask({ type: 'auth', token: signToken({ sub: one.sub, role: one.role }) });
  }

  private apply(patch: StatePatch): void {
    const before = this.database.states.get(this.channel);
    const json = JSON.stringify(applyPatch(before, JSON.parse(JSON.stringify(patch)) as StatePatch));
    const { cards, ...rest } = JSON.parse(json) as { cards: Record<string, Partial<Card>> };
    this.database.states.set(this.channel, { ...rest, cards });
  }
}
