import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import type { Instance } from '../instance.js';
import { post } from '../post.js';
import type { AnnouncedRecord, LiveRecord } from './live-log.js';
import type { Board } from './truth.js';

const ANSWER_MS = 30_000;
/** Pause between two changes. */
const PAUSE_MS = { alone: [100, 800], cards: [50, 500], counts: [20, 150] } as const;
/** Chance of a change that no event announces, and then of a new whole by the only setter of a board. */
const HIDDEN = 0.2;
const WHOLE = 0.1;
/** Pause between two attempts to announce a change. */
const RETRY_MS = [50, 200] as const;
/** Time after its end for which a setter tries to announce its last change, in milliseconds. */
const INSISTS_MS = 20_000;
const CARDS = 8;

/**
 * `alone`: the only setter of its board. `cards`: the only one that changes cards. `counts`: changes only its number, often, so that
 * events come between a load and its difference.
 */
export type SetterKind = keyof typeof PAUSE_MS;

/** Change of some cards: what it sets, and the names that it removes. */
interface Change {
  readonly partial: object;
  readonly removed: readonly string[];
}

/**
 * Changes a board, one change after the other, and announces each by an instance. A change that could not be announced, or that is
 * hidden on purpose, is announced by the next `invalidate`.
 */
export class Setter {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private isEnded = false;
  private owes = true;

  constructor(
    private readonly name: string,
    private readonly channel: string,
    private readonly board: Board,
    private readonly instances: readonly Instance[],
    private readonly log: LiveRecord[],
    private readonly random: Random,
    private readonly kind: SetterKind,
  ) {
    board.numbers[name] = 0;
  }

  /** Resolves after `stop`, once everything is announced. */
  async run(): Promise<void> {
    while (!this.isEnded) {
      await this.step();
      const [from, to] = PAUSE_MS[this.kind];
      await delay(this.random.between(from, to));
    }
    // Nothing else is changed any more: this announces the final state.
    const until = performance.now() + INSISTS_MS;
    this.owes = true;
    while (this.owes && performance.now() < until) {
      await this.announce('invalidate', null);
      await delay(this.random.between(...RETRY_MS));
    }
    this.agent.destroy();
  }

  stop(): void {
    this.isEnded = true;
  }

  private async step(): Promise<void> {
    if (this.owes) return this.announce('invalidate', null);
    const { board, name, kind, random } = this;
    const number = (board.numbers[name] ?? 0) + 1;
    board.numbers[name] = number;
    if (kind === 'counts') return this.announce('patch', { partial: { numbers: { [name]: number } }, removed: [] });
    if (random.chance(HIDDEN)) {
      this.owes = true;
      this.replaceAll(number);
      return;
    }
    const change = this.changeOne(number);
    if (kind === 'alone' && random.chance(WHOLE)) await this.announce('set', board);
    else await this.announce('patch', change);
  }

  /** Replaces all cards: a difference is then larger than the whole board. */
  private replaceAll(number: number): void {
    for (let index = 0; index < CARDS; index += 1) {
      this.board.cards[`${this.name}${index}`] = { text: `${number}`, column: number };
    }
  }

  private changeOne(number: number): Change {
    const { board, name, random } = this;
    const numbers = { [name]: number };
    const card = `${name}${Math.floor(random.between(0, CARDS))}`;
    const present = board.cards[card];
    if (present === undefined || random.chance(0.3)) {
      const cards = { [card]: { text: `${number} ${random.next()}`, column: number } };
      Object.assign(board.cards, cards);
      return { partial: { numbers, cards }, removed: [] };
    }
    if (random.chance(0.3)) {
      Reflect.deleteProperty(board.cards, card);
      return { partial: { numbers }, removed: [card] };
    }
    present.column = number;
    return { partial: { numbers, cards: { [card]: { column: number } } }, removed: [] };
  }

  private async announce(how: AnnouncedRecord['how'], data: unknown): Promise<void> {
    const up = this.instances.filter((instance) => instance.up);
    this.owes = true;
    if (up.length === 0) return;
    const { channel, name: setter } = this;
    const number = this.board.numbers[setter]!;
    const startedAt = performance.now();
    const options = { agent: this.agent, headers: {}, timeoutMs: ANSWER_MS };
    const answer = await post(`${this.random.pick(up).httpUrl}/change`, { how, channel, data }, options);
    const isAcknowledged = answer.kind === 'answered' && answer.status === 201;
    const at = performance.now();
    this.log.push({ kind: 'announced', at, startedAt, channel, setter, number, how, isAcknowledged });
    if (isAcknowledged) this.owes = false;
  }
}
