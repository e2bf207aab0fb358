/** Number of channels that are remembered. */
const MAX_TOPICS = 10_000;

/**
 * Holders of rights to load that this instance could not end, because the backend did not answer. With the same holder the next
 * attempt gets the right at once; with another one it would wait until the lease ends.
 */
export class UnfinishedLoads {
  private readonly holders = new Map<string, string>();

  remember(topic: string, holder: string): void {
    this.holders.set(topic, holder);
    if (this.holders.size > MAX_TOPICS) this.holders.delete(this.holders.keys().next().value!);
  }

  /** @returns the holder of the right that was not ended, once; `null` if there is none */
  take(topic: string): string | null {
    const holder = this.holders.get(topic) ?? null;
    this.holders.delete(topic);
    return holder;
  }
}
