import { AsyncLocalStorage } from 'node:async_hooks';

/** The transaction that the running code belongs to: whatever it awaits and calls belongs to it too. */
const current = new AsyncLocalStorage<TransactionScope>();

/**
 * The events of one transaction, kept until it commits or rolls back. A nested scope is a savepoint: its events move to
 * the outer scope.
 */
class TransactionScope {
  private state: 'open' | 'committed' | 'rolled back' = 'open';
  private waiting: (() => void)[] = [];

  constructor(private readonly outer: TransactionScope | null) {}

  add(tell: () => void): void {
    if (this.state === 'open') this.waiting.push(tell);
    else if (this.state === 'rolled back') {
      throw new Error('The transaction was rolled back: emit events about the rollback outside of it');
    } else if (this.outer === null) tell();
    else this.outer.add(tell);
  }

  commit(): void {
    if (this.state !== 'open') return;
    this.state = 'committed';
    const waiting = this.waiting.splice(0);
    if (this.outer?.state === 'rolled back') return;
    for (const tell of waiting) {
      if (this.outer === null) tell();
      else this.outer.add(tell);
    }
  }

  rollBack(): void {
    if (this.state !== 'open') return;
    this.state = 'rolled back';
    this.waiting = [];
  }
}

/** Calls `tell` when the transaction that this code belongs to is committed, and never when it is rolled back; at once where there is none. */
export function afterCommit(tell: () => void): void {
  const scope = current.getStore();
  if (scope === undefined) tell();
  else scope.add(tell);
}

/**
 * Runs a transaction: events for after its commit wait until `run` resolves, and are discarded if it rejects.
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
