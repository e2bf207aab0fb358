import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import type { Instance } from '../instance.js';
import type { LiveRecord } from './live-log.js';

/** The first character of each writer's text; it occurs nowhere else. */
export const HEAD = '«';
const ALPHABET = Array.from('abcdefghij klmnop qrstuv wxyz \n"\\äöüß世界😀');
/** Time without an acknowledgement after which another writer is started, in milliseconds: the lease is shorter. */
const QUIET_MS = 2_500;
const PAUSE_MS = [100, 300] as const;
/** Time for the last stream, in milliseconds. */
const LAST_MS = 60_000;

/** The texts that the writers of a channel write. */
export interface Habit {
  /** Length of a text, in UTF-16 units. */
  readonly units: readonly [from: number, to: number];
  /** Length of one write, in UTF-16 units: it can cut a character. */
  readonly size: number;
  /** Average pause between two writes, in milliseconds. */
  readonly pauseMs: number;
  /** Pause between two streams, in milliseconds. */
  readonly restMs: readonly [from: number, to: number];
}

interface Line {
  readonly opened?: string;
  readonly length?: number;
  readonly stored?: number;
  readonly ended?: string;
  readonly reason?: string;
  readonly refused?: string;
}

/**
 * Writes streams to one channel, one after the other, each with a writer on any instance. If a writer sends no acknowledgement, another one
 * continues its stream, or begins anew. Each writer has another text, so that readers show who wrote what.
 */
export class TextWriter {
  private writers = 0;
  private endsAt = Infinity;

  constructor(
    private readonly channel: string,
    private readonly instances: readonly Instance[],
    private readonly log: LiveRecord[],
    private readonly random: Random,
    private readonly habit: Habit,
  ) {}

  /** Resolves after `stop`, once the last stream is done. */
  async run(): Promise<void> {
    let resume = false;
    let state = 'none';
    while (!this.isEnding || (state !== 'done' && performance.now() < this.endsAt)) {
      state = await this.write(resume);
      const hasEnded = state === 'done' || state === 'cancelled' || state === 'failed';
      if (state !== 'refused') resume = !hasEnded && this.random.chance(0.7);
      const pause = hasEnded && !this.isEnding ? this.habit.restMs : PAUSE_MS;
      await delay(this.random.between(...pause));
    }
  }

  stop(): void {
    this.endsAt = Math.min(this.endsAt, performance.now() + LAST_MS);
  }

  /** Stops without a last stream. */
  abort(): void {
    this.endsAt = 0;
  }

  private get isEnding(): boolean {
    return this.endsAt < Infinity;
  }

  /** @returns the state that its end was acknowledged with, `refused`, or `broken` */
  private async write(resume: boolean): Promise<string> {
    const { channel, random, log } = this;
    const up = this.instances.filter((instance) => instance.up);
    if (up.length === 0) return 'refused';
    const { size, pauseMs } = this.habit;
    const fails = !this.isEnding && random.chance(0.15);
    this.writers += 1;
    const writer = this.writers;
    const text = this.text(writer);
    const body = JSON.stringify({ channel, text, size, pauseMs, resume, fails });
    log.push({ kind: 'writes', at: performance.now(), channel, writer, text });
    let id: string | null = null;
    let outcome = 'refused';
    const abandoned = new AbortController();
    const quiet = setTimeout(() => abandoned.abort(), QUIET_MS);
    try {
      const { signal } = abandoned;
      const response = await fetch(`${random.pick(up).httpUrl}/write`, { method: 'POST', body, signal });
      for await (const line of linesOf(response.body!)) {
        const at = performance.now();
        quiet.refresh();
        if (line.opened !== undefined) {
          id = line.opened;
          outcome = 'broken';
          log.push({ kind: 'opened', at, channel, writer, id, length: line.length! });
        } else if (line.stored !== undefined && id !== null) {
          log.push({ kind: 'stored', at, channel, writer, id, length: line.stored });
        } else if (line.ended !== undefined && id !== null) {
          const isOwn = line.reason === undefined || line.reason === 'cancelled';
          outcome = isOwn ? line.ended : 'broken';
          if (isOwn) log.push({ kind: 'ended', at, channel, writer, id, length: line.length ?? 0, state: line.ended });
        }
      }
    } catch {
      // The instance is down or frozen, or Redis does not answer it. It may still write.
      outcome = 'broken';
    } finally {
      clearTimeout(quiet);
    }
    return outcome;
  }

  private text(writer: number): string {
    const { random } = this;
    const units = random.between(...this.habit.units);
    let text = `${HEAD}${writer}»`;
    while (text.length < units) text += random.pick(ALPHABET);
    return text;
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Line;
  }
}
