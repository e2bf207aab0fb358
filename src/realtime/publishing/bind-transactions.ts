import type { EventsPublisher } from './events-publisher.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Transaction methods of TypeORM, Drizzle, Kysely and Prisma. */
const METHODS = ['transaction', '$transaction'];

/** Bound methods, with the original method and its client. */
const bound = new WeakMap<Method, { readonly original: Method; readonly client: object }>();

/**
 * Binds {@link EventsPublisher.afterCommit} to the transactions of a database client, so that no caller needs {@link
 * EventsPublisher.transaction}. It supports TypeORM's `dataSource.manager`, a Drizzle or Kysely database, a Prisma
 * client, and any client with a method `transaction` or `$transaction` that takes a function, resolves after the commit
 * and rejects after a rollback. A transaction that is started from this client inside another transaction is independent.
 * One that is started from the argument of the function is a savepoint.
 * @returns the same client, whose method is replaced
 */
export function bindTransactions<Client extends object>(client: Client, events: EventsPublisher): Client {
  if (!bind(client, events, true)) {
    throw new Error('bindTransactions: this client has no method transaction() or $transaction()');
  }
  return client;
}

/** Replaces the transaction methods of a client. @returns false if it has none */
function bind(client: object, events: EventsPublisher, independent: boolean): boolean {
  let found = false;
  for (const name of METHODS) {
    const original = methodOf(client, name);
    if (original === null) continue;
    found = true;
    if (bound.has(original)) continue;
    const value = boundMethod(original, client, events, independent);
    Object.defineProperty(client, name, { value, configurable: true, writable: true });
  }
  return found;
}

function boundMethod(original: Method, client: object, events: EventsPublisher, independent: boolean): Method {
  // A client that inherits this method, such as one from Prisma's `$extends`, starts independent transactions with it.
  const method: Method = function (this: unknown, ...args) {
    const self = this ?? client;
    const at = args.findIndex((argument) => typeof argument === 'function');
    if (at === -1) return bindBuilder(original.apply(self, args), events, independent);
    const work = args[at] as Method;
    const inside: Method = (transaction, ...others) => work(withSavepoints(transaction, events), ...others);
    const begin = async () => original.apply(self, [...args.slice(0, at), inside, ...args.slice(at + 1)]);
    return events.transaction(begin, { independent });
  };
  bound.set(method, { original, client });
  return method;
}

/** Binds the client of a transaction. Transactions that are started from it are savepoints. */
function withSavepoints(transaction: unknown, events: EventsPublisher): unknown {
  if (typeof transaction !== 'object' || transaction === null) return transaction;
  for (const name of METHODS) {
    const method = methodOf(transaction, name);
    const inherited = method === null ? undefined : bound.get(method);
    if (inherited === undefined || inherited.client === transaction) continue;
    // Prisma's transaction client inherits the bound method, and a property that is set on it is also set on the main
    // client. So the method is replaced by a proxy.
    const savepoint = boundMethod(inherited.original, transaction, events, false);
    return new Proxy(transaction, {
      get: (target, key) => (key === name ? savepoint : (Reflect.get(target, key) as unknown)),
    });
  }
  bind(transaction, events, false);
  return transaction;
}

function methodOf(client: object, name: string): Method | null {
  const method: unknown = Reflect.get(client, name);
  return typeof method === 'function' ? (method as Method) : null;
}

/** Binds the builder of Kysely's `transaction()`: `execute` takes the function, and other methods return further builders. */
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
