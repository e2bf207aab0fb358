import { EMPTY, withPast, withStats, type History } from '../overview/history.js';
import { describeError, type Api } from './api.js';
import type { StatsDto, StatsHistoryDto } from '../../realtime/http/operator-shapes.js';

/** Time between two requests, in milliseconds. */
export const EVERY_MS = 1_000;

/** History that the console has loaded, and the reason why the last request failed; `null` if it succeeded. */
export interface Polled {
  readonly history: History;
  readonly problem: string | null;
}

/** Polls the metrics of all instances every second, and loads those of the last five minutes once. */
export class HistoryPoll {
  private polled: Polled = { history: EMPTY, problem: null };
  private readonly over = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isLoading = false;
  private hasPast = false;

  /**
   * @param isHidden returns true while the page is hidden: nothing is requested then
   * @param onChange called after each request
   */
  constructor(
    private readonly api: Pick<Api, 'get'>,
    private readonly isHidden: () => boolean,
    private readonly onChange: (polled: Polled) => void,
  ) {}

  /** Requests now, and then every second. Call it also when the page is hidden or shown. */
  poll(): void {
    clearTimeout(this.timer);
    void this.ask();
  }

  stop(): void {
    this.over.abort();
    clearTimeout(this.timer);
  }

  private async ask(): Promise<void> {
    const { signal } = this.over;
    if (this.isHidden() || this.isLoading || signal.aborted) return;
    this.isLoading = true;
    try {
      const stats = await this.api.get<StatsDto>('stats', {}, signal);
      this.set({ history: withStats(this.polled.history, stats, Date.now()) });
      if (!this.hasPast) await this.loadPast();
      this.set({ problem: null });
    } catch (error) {
      this.set({ problem: describeError(error) });
    }
    this.isLoading = false;
    if (!signal.aborted) this.timer = setTimeout(() => void this.ask(), EVERY_MS);
  }

  private async loadPast(): Promise<void> {
    const past = await this.api.get<StatsHistoryDto>('stats/history', {}, this.over.signal);
    this.hasPast = true;
    this.set({ history: withPast(this.polled.history, past) });
  }

  private set(change: Partial<Polled>): void {
    if (this.over.signal.aborted) return;
    this.polled = { ...this.polled, ...change };
    this.onChange(this.polled);
  }
}
