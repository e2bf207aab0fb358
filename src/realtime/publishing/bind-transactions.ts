import type { EventsPublisher } from './events-publisher.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The transaction methods of libraries: TypeORM, Drizzle and Kysely, or Prisma. */
const METHODS = ['transaction', '$transaction'];

/** Methods that are bound already → what they were, and of which client. */
const bound = new WeakMap<Method, { readonly original: Method; readonly client: object }>();

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

/** @returns false if there is no method to bind */
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

/** Transactions that start from the client of a transaction are savepoints. */
function withSavepoints(transaction: unknown, events: EventsPublisher): unknown {
  if (typeof transaction !== 'object' || transaction === null) return transaction;
  for (const name of METHODS) {
    const method = methodOf(transaction, name);
    const inherited = method === null ? undefined : bound.get(method);
    if (inherited === undefined || inherited.client === transaction) continue;
    // Prisma's inherits what is bound on the client, and what is written to it is written to the client too.
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
