import { Controller, Injectable, Module, Scope, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, NestFactory } from '@nestjs/core';
import { findHooks, type FoundHook } from './find-hooks.js';
import { OnRealtime } from './on-realtime.js';

/** A pattern from a variable is checked at start only. */
const INVALID: string = 'rooms:{';

const noHook = (): undefined => undefined;

@Injectable()
class Plain {
  private readonly kept = 'kept';

  @OnRealtime('connected')
  @OnRealtime('occupied', ['rooms:{id}', 'halls'])
  both(): string {
    return this.kept;
  }

  helper(): string {
    return this.kept;
  }
}

@Controller()
class Routes {
  @OnRealtime('online')
  online(): void {}
}

@Injectable()
class Without {
  method(): void {}
}

@Injectable({ scope: Scope.REQUEST })
class OfRequest {
  @OnRealtime('connected')
  hook(): void {}
}

@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  @OnRealtime('connected')
  hook(): void {}
}

@Injectable({ scope: Scope.REQUEST })
class OfRequestWithout {
  method(): void {}
}

@Injectable()
class WrongChannel {
  @OnRealtime('occupied', INVALID)
  first(): void {}

  @OnRealtime('online' as 'occupied', 'rooms:{id}')
  second(): void {}
}

/** Finds the hooks of an application with these providers. */
async function found(providers: Provider[], controllers: (typeof Routes)[] = []): Promise<FoundHook[]> {
  @Module({ imports: [DiscoveryModule], providers, controllers })
  class Root {}
  const app = await NestFactory.createApplicationContext(Root, { logger: false });
  try {
    return findHooks(app.get(DiscoveryService), new MetadataScanner());
  } finally {
    await app.close();
  }
}

describe('finding hooks', () => {
  it('finds each declaration of providers and controllers, and calls the method of the instance', async () => {
    const hooks = await found([Plain, Without], [Routes]);
    expect(hooks.map(({ event, name }) => `${event} ${name}`).toSorted()).toEqual([
      ...['connected Plain.both', 'occupied Plain.both', 'online Routes.online'],
    ]);
    const occupied = hooks.find(({ event }) => event === 'occupied')!;
    expect(['rooms:1', 'halls', 'rooms'].map(occupied.accepts)).toEqual([true, true, false]);
    expect(occupied.call({})).toBe('kept');
    expect(hooks.find(({ event }) => event === 'connected')!.accepts('any')).toBe(true);
  });

  it('finds a hook once, although the instance has several tokens', async () => {
    const plain = new Plain();
    const hooks = await found([
      { provide: 'one', useValue: plain },
      { provide: 'other', useValue: plain },
      { provide: 'alias', useExisting: 'one' },
    ]);
    expect(hooks).toHaveLength(2);
  });

  it('skips values without a class, and providers without hooks in any scope', async () => {
    const values = [
      { provide: 'null', useValue: null },
      { provide: 'text', useValue: 'text' },
      { provide: 'object', useValue: { noHook } },
      { provide: 'array', useValue: [noHook] },
    ];
    expect(await found([...values, OfRequestWithout])).toEqual([]);
  });

  it('names each hook that cannot be called', async () => {
    await expect(found([Plain, OfRequest, Transient, WrongChannel])).rejects.toThrow(
      /^RealtimeModule: .*OfRequest\.hook: the class is request-scoped.*\n.*Transient\.hook: the class is transient.*\n.*WrongChannel\.first: the channel rooms:\{ .*\n.*WrongChannel\.second: the event has no channel$/,
    );
  });
});
