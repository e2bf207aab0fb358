/** Waits until so many instances have said that they carried out an order. */
export class Confirmations {
  private readonly waiting = new Map<string, { readonly by: Set<string>; check(): void }>();

  /** Begins to listen for an order's confirmations: before it is given, for one may be very quick. */
  expect(order: string): void {
    this.waiting.set(order, { by: new Set(), check: () => undefined });
  }

  /** An instance carried it out. */
  confirm(order: string, instance: string): void {
    const entry = this.waiting.get(order);
    entry?.by.add(instance);
    entry?.check();
  }

  /** Resolves once so many confirmed it, or the time is over. @returns how many did not */
  async missing(order: string, instances: number, withinMs: number): Promise<number> {
    const { by } = this.waiting.get(order)!;
    if (by.size < instances) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        const check = (): void => {
          if (by.size < instances) return;
          clearTimeout(timer);
          resolve();
        };
        this.waiting.set(order, { by, check });
      });
    }
    return Math.max(0, instances - by.size);
  }

  /** Listens no more. */
  end(order: string): void {
    this.waiting.delete(order);
  }
}
