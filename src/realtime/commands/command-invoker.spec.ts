import {
  Catch,
  createParamDecorator,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type INestApplicationContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, ModuleRef, NestFactory } from '@nestjs/core';
import { map, of, type Observable } from 'rxjs';
import { HandlerCreator } from '../nest/context-creator.js';
import { invokerOf } from './command-invoker.js';
import { Caller, Command, Input, RealtimeCommands } from './decorators.js';
import { findCommands } from './find-commands.js';
import { RunningCall } from './running-call.js';

@Injectable()
class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class Twice implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => `${String(value)}${String(value)}`));
  }
}

@Injectable()
class Shout implements PipeTransform {
  transform(value: unknown): unknown {
    return `${String(value)}!`;
  }
}

@Catch()
class Excuse implements ExceptionFilter {
  catch(error: Error): unknown {
    return of(`sorry: ${error.message}`);
  }
}

/** A parameter decorator of the application. */
const Foreign = createParamDecorator(() => 'foreign');

@RealtimeCommands()
class Handlers {
  @Command('plain')
  plain(@Caller() caller: unknown, @Input() input: string): string {
    return `${input} of ${String(caller)}`;
  }

  @Command('without parameters')
  withoutParameters(...values: unknown[]): number {
    return values.length;
  }

  @Command('guarded')
  @UseGuards(Nobody)
  guarded(): string {
    return 'ran';
  }

  @Command('intercepted')
  @UseInterceptors(Twice)
  intercepted(@Input() input: string): string {
    return input;
  }

  @Command('piped')
  @UsePipes(Shout)
  piped(@Input() input: string): string {
    return input;
  }

  @Command('piped parameter')
  pipedParameter(@Input(Shout) input: string): string {
    return input;
  }

  @Command('filtered')
  @UseFilters(Excuse)
  filtered(): string {
    throw new Error('late');
  }

  @Command('foreign')
  foreign(@Foreign() value: string, @Input() input: string): string {
    return `${input} ${value}`;
  }
}

describe('a command is called', () => {
  let app: INestApplicationContext;
  let validate: (data: unknown) => unknown;

  beforeAll(async () => {
    const module = { module: class Root {}, imports: [DiscoveryModule], providers: [Handlers, Nobody, Twice, Shout] };
    app = await NestFactory.createApplicationContext(module, { logger: false });
  });
  beforeEach(() => {
    validate = (data) => data;
  });
  afterAll(() => app.close());

  const call = async (name: string): Promise<unknown> => {
    const command = findCommands(app.get(DiscoveryService), new MetadataScanner()).get(name)!;
    const invoke = invokerOf(new HandlerCreator(app.get(ModuleRef), false), command);
    const origin = { caller: null, connectionId: null, address: '::1', countedAs: '::1', isSubscribed: () => false };
    return invoke(new RunningCall('1', name, origin, 'ann', '1 ann', 'hello', validate));
  };

  it('with its parameters in the order of the method', async () => {
    await expect(call('plain')).resolves.toBe('hello of null');
  });

  it('with the validated input, also if it is validated asynchronously', async () => {
    validate = () => Promise.resolve('valid');
    await expect(call('plain')).resolves.toBe('valid of null');
  });

  it('never with input that was refused', async () => {
    validate = () => {
      throw new Error('refused');
    };
    await expect(call('plain')).rejects.toThrow('refused');
    validate = () => Promise.reject(new Error('refused later'));
    await expect(call('plain')).rejects.toThrow('refused later');
  });

  it('without values that no parameter declares', async () => {
    await expect(call('without parameters')).resolves.toBe(0);
  });

  it('with each kind of enhancer, also if it has no other', async () => {
    await expect(call('guarded')).rejects.toThrow('Forbidden');
    await expect(call('intercepted')).resolves.toBe('hellohello');
    await expect(call('piped')).resolves.toBe('hello!');
    await expect(call('piped parameter')).resolves.toBe('hello!');
    await expect(call('filtered')).resolves.toBe('sorry: late');
  });

  it('with parameters that the application decorates', async () => {
    await expect(call('foreign')).resolves.toBe('hello foreign');
  });
});
