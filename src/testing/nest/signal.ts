/** Wakes those who wait whenever something has come. */
export class Signal {
  private readonly waiting = new Set<() => void>();

  wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** Waits until it is so. @returns whether it is, at the latest after `patienceMs` */
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

/** Waits for what nobody tells of, turn by turn. @returns whether it is so, at the latest after `patienceMs` */
export async function soon(isSo: () => boolean, patienceMs: number): Promise<boolean> {
  const endsAt = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() >= endsAt) return false;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return true;
}
