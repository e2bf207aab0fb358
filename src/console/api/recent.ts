/** Maximum number of entries of a list. */
const LIMIT = 8;

/** The part of `sessionStorage` that is used. */
type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Last entries of the operator, newest first, kept until the tab closes. */
export class Recent<T> {
  private readonly key: string;

  /** @param isEntry checks what is read, because any script of this host can write into the storage */
  constructor(
    name: string,
    private readonly isEntry: (value: unknown) => value is T,
    private readonly store: Store = sessionStorage,
  ) {
    this.key = `realtime.console.recent.${name}`;
  }

  get list(): readonly T[] {
    try {
      const kept: unknown = JSON.parse(this.store.getItem(this.key) ?? '[]');
      return Array.isArray(kept) ? kept.filter(this.isEntry).slice(0, LIMIT) : [];
    } catch {
      return []; // not JSON
    }
  }

  /** Puts an entry first. @returns the new list */
  add(entry: T): readonly T[] {
    const text = JSON.stringify(entry);
    const list = [entry, ...this.list.filter((one) => JSON.stringify(one) !== text)].slice(0, LIMIT);
    this.store.setItem(this.key, JSON.stringify(list));
    return list;
  }
}
