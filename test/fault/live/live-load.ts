import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import type { EntryPoint } from '../habits.js';
import type { Instance } from '../instance.js';
import { digestOf } from './digest.js';
import { Follower } from './follower.js';
import type { LiveRecord } from './live-log.js';
import { Setter, type SetterKind } from './setter.js';
import { TextWriter, type Habit } from './text-writer.js';
import type { Board, Truth } from './truth.js';

/** The setters of each board. */
const BOARDS: Readonly<Record<string, Readonly<Record<string, SetterKind>>>> = {
  'boards:one': { a: 'alone' },
  'boards:busy': { a: 'counts', b: 'cards', c: 'counts' },
  'boards:large': { a: 'alone' },
};
/** Size of the ballast of the large board: its state comes in parts. */
const BALLAST = 70_000;
const SHORT: Habit = { units: [500, 3_000], size: 47, pauseMs: 40, restMs: [100, 1_500] };
const STREAMS: Readonly<Record<string, Habit>> = {
  'logs:one': SHORT,
  'logs:two': SHORT,
  'logs:long': { units: [90_000, 110_000], size: 5_001, pauseMs: 150, restMs: [4_000, 8_000] },
  'tails:one': { units: [6_000, 12_000], size: 211, pauseMs: 40, restMs: [100, 1_500] },
};
const STAYERS = 2;
const WANDERERS = 4;
/** Time for followers to catch up at the end, in milliseconds. */
const REST_MS = 30_000;
/** Time without a frame after which they do not catch up any more. */
const SILENCE_MS = 10_000;

export interface LiveWorld {
  readonly instances: readonly Instance[];
  readonly random: Random;
  readonly log: LiveRecord[];
  /** Entry points of a client; `own` is the number of the instance that it prefers. */
  readonly entryPoints: (own: number | null) => readonly EntryPoint[];
}

/** Live resources and streams of a run: those who change them, and clients that follow them. */
export class LiveLoad {
  private readonly setters: Setter[] = [];
  private readonly writers: TextWriter[] = [];
  private readonly followers: Follower[] = [];
  private readonly changing: Promise<void>[] = [];
  private readonly following: Promise<void>[] = [];

  /** @param onFailure called with an error of the suite itself */
  constructor(
    private readonly truth: Truth,
    private readonly world: LiveWorld,
    private readonly onFailure: (error: Error) => void,
  ) {
    const { instances, log, random } = world;
    for (const [channel, setters] of Object.entries(BOARDS)) {
      const board: Board = {
        numbers: {},
        cards: {},
        ballast: 'é'.repeat(channel === 'boards:large' ? BALLAST / 2 : 1),
      };
      truth.boards.set(channel, board);
      for (const [name, kind] of Object.entries(setters)) {
        const setter = new Setter(name, channel, board, instances, log, random.fork(`${channel} ${name}`), kind);
        this.setters.push(setter);
      }
    }
    for (const [channel, habit] of Object.entries(STREAMS)) {
      this.writers.push(new TextWriter(channel, instances, log, random.fork(channel), habit));
    }
    for (let index = 0; index < STAYERS + WANDERERS; index += 1) {
      const stays = index < STAYERS;
      const [name, where] = [`${stays ? 'holder' : 'visitor'}${index + 1}`, stays ? index : null];
      const entryPoints = (): readonly EntryPoint[] => world.entryPoints(where);
      const follower = new Follower(
        name,
        Object.keys(BOARDS),
        Object.keys(STREAMS),
        entryPoints,
        log,
        random.fork(name),
        stays ? null : [300, 4_000],
      );
      this.followers.push(follower);
    }
  }

  start(): void {
    this.changing.push(...[...this.setters, ...this.writers].map((one) => one.run().catch(this.onFailure)));
    this.following.push(...this.followers.map((one) => one.run().catch(this.onFailure)));
  }

  /** Disconnects every second client that leaves. @returns a function that lets them reconnect */
  sendAway(): () => void {
    const away = this.followers.slice(STAYERS).filter((_follower, index) => index % 2 === 0);
    for (const follower of away) follower.goAway();
    return () => {
      for (const follower of away) follower.comeBack();
    };
  }

  /** Ends all changes, and waits until all clients hold the same. */
  async settle(): Promise<void> {
    const { log } = this.world;
    for (const follower of this.followers) follower.settle();
    for (const one of [...this.setters, ...this.writers]) one.stop();
    await Promise.all(this.world.instances.map((instance) => hurry(instance)));
    await Promise.all(this.changing);
    for (const [channel, board] of this.truth.boards) {
      log.push({ kind: 'truth', at: performance.now(), channel, digest: digestOf(board) });
    }
    const until = performance.now() + REST_MS;
    const last = (): number => log.at(-1)!.at;
    while (!this.isAtRest() && performance.now() < Math.min(until, last() + SILENCE_MS)) await delay(100);
    for (const follower of this.followers) follower.end();
    await Promise.all(this.following);
  }

  /** Stops everything at once. */
  async stop(): Promise<void> {
    for (const one of this.setters) one.stop();
    for (const one of this.writers) one.abort();
    for (const follower of this.followers) follower.end();
    await Promise.allSettled(this.following);
    await this.truth.stop();
  }

  private isAtRest(): boolean {
    const isHeld = [...this.truth.boards].every(([channel, board]) => this.haveAll(channel, digestOf(board)));
    return isHeld && Object.keys(STREAMS).every((channel) => this.haveEnd(channel));
  }

  private haveEnd(channel: string): boolean {
    const standing = this.followers[0]!.standing(channel);
    return standing?.endsWith(' done') === true && this.haveAll(channel, standing);
  }

  private haveAll(channel: string, standing: string | null): boolean {
    return standing !== null && this.followers.every((follower) => follower.standing(channel) === standing);
  }
}

/** Lets the writers of an instance write without pauses. */
async function hurry({ httpUrl }: Instance): Promise<void> {
  await fetch(`${httpUrl}/hurry`, { method: 'POST', body: '{}', signal: AbortSignal.timeout(10_000) }).catch(
    () => null,
  );
}
