/** Wakes all waiting callers on each change. */
export class Signal {
  private readonly waiting = new Set<() => void>();

  wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** Waits until the condition holds. @returns true if it holds within `patienceMs` */
  async until(isSo: () => boolean, patienceMs: number): Promise<boolean> {
    const endsAt = performance.now() + patienceMs;
    while (!isSo()) {
      const left = endsAt - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }
}

/** Polls a condition that no event reports. @returns true if it holds within `patienceMs` */
export async function soon(isSo: () => boolean, patienceMs: number): Promise<boolean> {
  const endsAt = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() >= endsAt) return false;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return true;
}
