import type { EventsPublisher } from './events-publisher.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What libraries call their method that runs a transaction: TypeORM, Drizzle and Kysely, or Prisma. */
const METHODS = ['transaction', '$transaction'];

/** Methods that are bound already. */
const bound = new WeakSet<Method>();

/**
 * Binds {@link EventsPublisher.afterCommit} to the transactions of a database client, so that no caller needs
 * {@link EventsPublisher.transaction}: TypeORM's `dataSource.manager`, a Drizzle or Kysely database, a Prisma client, or
 * whatever else has a method `transaction` or `$transaction` that takes a function, resolves when it is committed and
 * rejects when it is rolled back. A transaction that such a client begins inside another one stands on its own; one that is
 * begun by what the function was given is a savepoint.
 * @returns the same client, whose method is replaced
 */
export function bindTransactions<Client extends object>(client: Client, events: EventsPublisher): Client {
  if (!bind(client, events, true)) {
    throw new Error('bindTransactions: this client has no method transaction() or $transaction()');
  }
  return client;
}

/** @returns whether there is anything to bind */
function bind(client: object, events: EventsPublisher, independent: boolean): boolean {
  let found = false;
  for (const name of METHODS) {
    const original = Reflect.get(client, name) as Method | undefined;
    if (typeof original !== 'function') continue;
    found = true;
    if (bound.has(original)) continue;
    const method: Method = (...args) => {
      const at = args.findIndex((argument) => typeof argument === 'function');
      if (at === -1) return bindBuilder(original.apply(client, args), events, independent);
      const work = args[at] as Method;
      const inside: Method = (transaction, ...others) => {
        if (typeof transaction === 'object' && transaction !== null) bind(transaction, events, false);
        return work(transaction, ...others);
      };
      const begin = async () => original.apply(client, [...args.slice(0, at), inside, ...args.slice(at + 1)]);
      return events.transaction(begin, { independent });
    };
    bound.add(method);
    Object.defineProperty(client, name, { value: method, configurable: true, writable: true });
  }
  return found;
}

/** Kysely's `transaction()` gives a builder, whose `execute` takes the function; its other methods give further builders. */
function bindBuilder(builder: unknown, events: EventsPublisher, independent: boolean): unknown {
  if (typeof builder !== 'object' || builder === null || !('execute' in builder)) return builder;
  return new Proxy(builder, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const call = () => (value as Method).apply(target, args);
        if (name === 'execute') return events.transaction(async () => call(), { independent });
        return bindBuilder(call(), events, independent);
      };
    },
  });
}
