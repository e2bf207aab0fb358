import { AsyncLocalStorage } from 'node:async_hooks';

/** Transaction of the running code, including everything that it awaits and calls. */
const current = new AsyncLocalStorage<TransactionScope>();

/**
 * Events of one transaction, kept until it commits or rolls back. A nested scope is a savepoint: its events move to the
 * outer scope.
 */
class TransactionScope {
  private state: 'open' | 'committed' | 'rolled back' = 'open';
  private waiting: (() => void)[] = [];

  constructor(private readonly outer: TransactionScope | null) {}

  add(publish: () => void): void {
    if (this.state === 'open') this.waiting.push(publish);
    else if (this.state === 'rolled back') {
      throw new Error('The transaction was rolled back: emit events about the rollback outside of it');
    } else if (this.outer === null) publish();
    else this.outer.add(publish);
  }

  commit(): void {
    if (this.state !== 'open') return;
    this.state = 'committed';
    const waiting = this.waiting.splice(0);
    if (this.outer?.state === 'rolled back') return;
    for (const publish of waiting) {
      if (this.outer === null) publish();
      else this.outer.add(publish);
    }
  }

  rollBack(): void {
    if (this.state !== 'open') return;
    this.state = 'rolled back';
    this.waiting = [];
  }
}

/**
 * Calls `publish` after the current transaction commits, and never if it is rolled back. Without a transaction, calls it
 * at once.
 */
export function afterCommit(publish: () => void): void {
  const scope = current.getStore();
  if (scope === undefined) publish();
  else scope.add(publish);
}

/** Returns true inside a transaction that has not ended. */
export function isInTransaction(): boolean {
  return current.getStore() !== undefined;
}

/**
 * Runs a transaction. Events from {@link afterCommit} wait until `run` resolves, and are discarded if it rejects.
 * @param independent commits or rolls back separately, even inside another transaction
 */
export async function inTransaction<T>(run: (rollBack: () => void) => Promise<T>, independent: boolean): Promise<T> {
  const scope = new TransactionScope(independent ? null : (current.getStore() ?? null));
  try {
    const result = await current.run(scope, run, () => scope.rollBack());
    scope.commit();
    return result;
  } catch (error) {
    scope.rollBack();
    throw error;
  }
}
