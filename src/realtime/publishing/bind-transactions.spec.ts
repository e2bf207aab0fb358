import { MemoryBroker } from '../backends/memory/memory.broker.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { Counters } from '../observability/counters.js';
import { resolveOptions } from '../options/resolve-options.js';
import { bindTransactions } from './bind-transactions.js';
import { EventsPublisher } from './events-publisher.js';

type Work<T> = (transaction: Client) => Promise<T>;

/** A database client like those of TypeORM and Drizzle. */
class Client {
  async transaction<T>(first: string | Work<T>, second?: Work<T>): Promise<T> {
    return (typeof first === 'string' ? second! : first)(new Client());
  }
}

/** A client like Prisma's: the client of a transaction inherits its methods. */
class Prisma {
  async $transaction<T>(work: (transaction: Prisma) => Promise<T>): Promise<T> {
    return work(Object.create(this) as Prisma);
  }
}

/** A client like Kysely: a builder that executes the function. */
class Kysely {
  transaction(): { setLevel(): unknown; execute<T>(work: (transaction: Kysely) => Promise<T>): Promise<T> } {
    return { setLevel: () => this.transaction(), execute: (work) => work(new Kysely()) };
  }
}

describe('bindTransactions', () => {
  let broker: MemoryBroker;
  let events: EventsPublisher;
  let published: string[];

  beforeEach(() => {
    [broker, published] = [new MemoryBroker(), []];
    broker.publish = async ({ body }) => {
      published.push(String((JSON.parse(`{${body}`) as { data: unknown }).data));
      return null;
    };
    const channels = [{ name: 'open', access: 'public' as const }];
    const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, channels });
    events = new EventsPublisher(broker, new ChannelCatalogue(options), new Counters(), options);
  });
  afterEach(() => broker.close());

  const emit = (data: string): void => events.afterCommit('open' as never, data as never);
  const settled = (): Promise<void> => events.beforeApplicationShutdown();
  const rollBack = (): never => {
    throw new Error('rolled back');
  };

  it('publishes after the commit of a bound client, and nothing after a rollback', async () => {
    const client = bindTransactions(new Client(), events);
    expect(bindTransactions(client, events)).toBe(client);
    expect(
      await client.transaction(async () => {
        emit('one');
        await Promise.resolve();
        expect(published).toEqual([]);
        return 'result';
      }),
    ).toBe('result');
    await client.transaction('serializable', async () => emit('two'));
    await expect(
      client.transaction(async () => {
        emit('never');
        rollBack();
      }),
    ).rejects.toThrow('rolled back');
    await settled();
    expect(published).toEqual(['one', 'two']);
  });

  it.each<[string, () => Client | Prisma]>([
    ['inherits no method', () => new Client()],
    ['inherits its methods', () => new Prisma()],
  ])('takes a transaction of a transaction that %s as a savepoint', async (_how, create) => {
    const client = bindTransactions(create(), events) as unknown as Record<string, (work: unknown) => Promise<unknown>>;
    const name = '$transaction' in client ? '$transaction' : 'transaction';
    const outer = client[name]?.(async (transaction: typeof client) => {
      await transaction[name]?.(async () => emit('savepoint'));
      await client[name]?.(async () => emit('independent'));
      rollBack();
    });
    await expect(outer).rejects.toThrow('rolled back');
    await settled();
    expect(published).toEqual(['independent']);
    await client[name]?.(async (transaction: typeof client) => {
      await transaction[name]?.(async () => emit('kept'));
      emit('outer');
    });
    await settled();
    expect(published).toEqual(['independent', 'kept', 'outer']);
  });

  it('binds the builder of a client that has one', async () => {
    const client = bindTransactions(new Kysely(), events);
    await client.transaction().execute(async () => emit('one'));
    await (client.transaction().setLevel() as ReturnType<Kysely['transaction']>).execute(async () => {
      emit('two');
      await Promise.resolve();
      expect(published).not.toContain('two');
    });
    await expect(
      client.transaction().execute(async (transaction) => {
        await transaction.transaction().execute(async () => emit('never'));
        rollBack();
      }),
    ).rejects.toThrow('rolled back');
    await settled();
    expect(published).toEqual(['one', 'two']);
  });

  it('needs a client with transactions', () => {
    expect(() => bindTransactions({}, events)).toThrow('this client has no method transaction() or $transaction()');
  });
});
