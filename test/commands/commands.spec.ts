import {
  Catch,
  ConflictException,
  ForbiddenException,
  HttpException,
  Injectable,
  NotFoundException,
  ParseIntPipe,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Expose, Type } from 'class-transformer';
import { IsArray, IsInt, IsString, MaxLength, registerDecorator, ValidateNested } from 'class-validator';
import { map, type Observable } from 'rxjs';
import {
  Call,
  Caller,
  Command,
  Input,
  ProtocolError,
  RealtimeCommands,
  type CommandCall,
  type Principal,
} from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import type { WsClient } from '../support/ws-client.js';

class Tag {
  @IsString()
  @MaxLength(5)
  name!: string;
}

class RenameApp {
  @IsString()
  id!: string;

  @IsString()
  @MaxLength(10)
  name!: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Tag)
  tags: Tag[] = [];
}

class AppDto {
  @IsString()
  id!: string;

  @Expose({ groups: ['admin'] })
  @IsString()
  secret!: string;
}

/** An asynchronous validator, such as a look into a database. */
const IsFree = (): PropertyDecorator => (target, propertyName) => {
  const validate = async (value: unknown): Promise<boolean> => {
    if (value === 'fail') throw new Error('secret of the database');
    return value === 'free';
  };
  const validator = { validate, defaultMessage: () => 'the name is taken' };
  registerDecorator({ target: target.constructor, propertyName: String(propertyName), validator });
};

class Reserve {
  @IsFree()
  name!: string;
}

class Add {
  @IsInt()
  by!: number;
}

const Role = (role: string) => SetMetadata('role', role);

@Injectable()
class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string | undefined>('role', context.getHandler());
    const { caller } = context.switchToRpc().getContext<CommandCall>();
    const input = context.switchToRpc().getData<{ id?: string } | undefined>();
    if (input?.id === 'mine') throw new ForbiddenException('This app is mine');
    return role === undefined || caller?.roles.includes(role) === true;
  }
}

class Wrap implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => ({ wrapped: value })));
  }
}

class Weird extends Error {}

@Catch(Weird)
class WeirdFilter implements ExceptionFilter {
  catch(): never {
    throw new ConflictException('It was weird');
  }
}

@Injectable({ scope: Scope.REQUEST })
class Counter {
  count = 0;
}

/** Values that a handler or a library can throw. */
const THROWN = {
  text: 'secret of the server',
  object: { message: 'secret of the server', code: 'conflict' },
  list: ['secret of the server'],
  nothing: null,
  'without a response': new HttpException(null as never, 400),
  unreadable: new (class extends HttpException {
    override getStatus(): never {
      throw new Error('secret of the server');
    }
  })('x', 400),
  'not JSON': new ProtocolError('conflict', { details: [{ field: 'a', message: 1n as never }] }),
  large: new HttpException('x'.repeat(100_000), 400),
};

const ran: unknown[] = [];

@RealtimeCommands()
@UseGuards(RoleGuard)
class AppsCommands {
  @Command('apps.rename', { input: RenameApp, output: AppDto })
  async rename(@Input() input: RenameApp, @Caller() caller: Principal): Promise<AppDto> {
    ran.push([input instanceof RenameApp, input.tags[0] instanceof Tag, caller.user.userId]);
    return { id: input.id, secret: 'only for admins' };
  }

  @Command('apps.list', { output: [AppDto], once: false })
  list(): AppDto[] {
    return [{ id: '1', secret: 'only for admins' }];
  }

  @Command('apps.delete')
  @Role('admin')
  delete(): void {
    ran.push('deleted');
  }

  @Command('wrapped', { once: false })
  @UseInterceptors(Wrap)
  wrapped(): string {
    return 'value';
  }

  @Command('hidden', { once: false, output: AppDto })
  @UseInterceptors(Wrap)
  hidden(): AppDto {
    return { id: '1', secret: 'only for admins' };
  }

  @Command('filtered', { once: false })
  @UseFilters(WeirdFilter)
  filtered(): never {
    throw new Weird();
  }

  @Command('fails')
  fails(@Input() how: string): never {
    if (how === 'missing') throw new NotFoundException('App not found');
    if (how === 'own') throw new ProtocolError('conflict', { message: 'Changed meanwhile' });
    if (how in THROWN) throw THROWN[how as keyof typeof THROWN];
    throw new Error('secret of the server');
  }

  @Command('piped', { once: false })
  piped(@Input(new ParseIntPipe()) value: number): number {
    return value + 1;
  }

  @Command('typed', { once: false })
  typed(@Input() { by }: Add): number {
    return by;
  }

  @Command('reserve')
  reserve(@Input() { name }: Reserve): string {
    return name;
  }

  @Command('yields')
  async *yields(@Input() size: number): AsyncGenerator<unknown, string> {
    try {
      yield size === 0 ? 1n : 'x'.repeat(size);
      return 'done';
    } finally {
      ran.push('closed');
    }
  }

  @Command('nothing', { once: false, anonymous: true })
  nothing(@Call() call: CommandCall): object {
    return { id: call.id, command: call.command, caller: call.caller, aborted: call.signal.aborted };
  }

  @Command('echo', { once: false })
  echo(@Input() value: unknown): unknown {
    return value;
  }

  @Command('map', { once: false })
  map(): Map<string, string> {
    return new Map([['a', 'b']]);
  }
}

@RealtimeCommands()
class ScopedCommands {
  constructor(private readonly counter: Counter) {}

  @Command('count', { once: false })
  count(): number {
    return (this.counter.count += 1);
  }
}

describe('commands', () => {
  let app: RealtimeApp;
  let user: WsClient;
  let calls = 0;

  const call = (name: string, data?: unknown, by = user): Promise<object> =>
    by.ask({ type: 'call', name, callId: `call-${(calls += 1)}`, data });

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { providers: [RoleGuard, Counter, AppsCommands, ScopedCommands] });
    user = await app.connectAs({ sub: 'ann' });
  });
  afterAll(() => app.close());
  beforeEach(() => void ran.splice(0));

  it('are announced when a client connects', async () => {
    const client = await app.connect();
    expect(await client.next('connected')).toMatchObject({
      features: expect.arrayContaining(['commands']),
      commands: { windowMs: 300_000, epoch: expect.stringMatching(/^[\w-]{36}$/) },
    });
    await client.close();
  });

  it('get a validated input and the caller, and answer with the fields of the caller', async () => {
    const data = { id: '1', name: 'shop', tags: [{ name: 'a' }] };
    expect(await call('apps.rename', data)).toEqual({
      ...{ type: 'result', callId: `call-${calls}`, data: { id: '1' } },
      ...{ ref: expect.any(String), timestamp: expect.any(String) },
    });
    expect(ran).toEqual([[true, true, 'ann']]);
    const admin = await app.connectAdmin();
    expect(await call('apps.rename', data, admin)).toMatchObject({ data: { id: '1', secret: 'only for admins' } });
    expect(await call('apps.list', undefined, admin)).toMatchObject({ data: [{ id: '1', secret: 'only for admins' }] });
    expect(await call('apps.list')).toMatchObject({ data: [{ id: '1' }] });
    expect(JSON.stringify(user.frames)).not.toContain('only for admins');
    await admin.close();
  });

  it('send no result whose restricted fields cannot be hidden', async () => {
    expect(await call('hidden')).toMatchObject({ code: 'internal' });
    expect(app.log.lines.filter((line) => line.includes('Does an interceptor wrap it?'))).toHaveLength(1);
  });

  it('refuse an input that does not fit, with a problem for each field', async () => {
    const answer = await call('apps.rename', { id: 1, name: 'long'.repeat(9), tags: [{ name: 'ok', x: 1 }], more: 1 });
    expect(answer).toMatchObject({
      ...{ type: 'error', code: 'invalid_message', message: 'The input is not valid', callId: `call-${calls}` },
      details: expect.arrayContaining([
        { field: 'data.id', message: 'id must be a string' },
        { field: 'data.name', message: 'name must be shorter than or equal to 10 characters' },
        { field: 'data.tags.0.x', message: 'property x should not exist' },
        { field: 'data.more', message: 'property more should not exist' },
      ]),
    });
    for (const data of [undefined, null, [], 'text', 5]) {
      expect(await call('apps.rename', data)).toMatchObject({
        details: [{ field: 'data', message: 'must be an object' }],
      });
    }
    expect(ran).toEqual([]);
    expect(await call('typed', { by: 3 })).toMatchObject({ data: 3 });
    expect(await call('typed', { by: 'x' })).toMatchObject({ code: 'invalid_message' });
  });

  it('await asynchronous validators', async () => {
    expect(await call('reserve', { name: 'free' })).toMatchObject({ data: 'free' });
    expect(await call('reserve', { name: 'taken' })).toMatchObject({
      ...{ code: 'invalid_message', details: [{ field: 'data.name', message: 'the name is taken' }] },
    });
    expect(await call('reserve', { name: 'fail' })).toMatchObject({ code: 'internal', message: 'Internal error' });
  });

  it.each([
    ...[['text', 'internal'] as const, ['object', 'internal'] as const, ['list', 'internal'] as const],
    ...[['nothing', 'internal'] as const, ['unreadable', 'internal'] as const],
    ...[['without a response', 'invalid_message'] as const, ['not JSON', 'conflict'] as const],
    ['large', 'invalid_message'] as const,
  ])('answer any thrown value, and again: %s', async (how, code) => {
    const answer = await call('fails', how);
    const frame = { type: 'call', name: 'fails', callId: `call-${calls}`, data: how };
    for (const one of [answer, await user.ask(frame)]) {
      expect(one).toMatchObject({ type: 'error', code });
      expect(JSON.stringify(one)).not.toContain('secret');
      expect(JSON.stringify(one).length).toBeLessThan(2_000);
    }
  });

  it.each([
    [0, 'internal'],
    [70_000, 'too_large'],
  ])('end a generator whose progress cannot be sent (%i)', async (size, code) => {
    expect(await call('yields', size)).toMatchObject({ code });
    expect(ran).toEqual(['closed']);
  });

  it('run the guards, pipes, interceptors and filters of their class and method', async () => {
    expect(await call('apps.delete')).toMatchObject({ code: 'forbidden', message: 'Not allowed to call apps.delete' });
    expect(await call('apps.rename', { id: 'mine' })).toMatchObject({ code: 'forbidden', message: 'This app is mine' });
    const admin = await app.connectAdmin();
    expect(await call('apps.delete', undefined, admin)).toMatchObject({ type: 'result', data: null });
    expect(await call('wrapped')).toMatchObject({ data: { wrapped: 'value' } });
    expect(await call('filtered')).toMatchObject({ code: 'conflict', message: 'It was weird' });
    expect(await call('piped', '41')).toMatchObject({ data: 42 });
    expect(await call('piped', 'x')).toMatchObject({ code: 'invalid_message' });
    expect(ran).toEqual(['deleted']);
    await admin.close();
  });

  it('resolve request-scoped providers for each call', async () => {
    expect([await call('count'), await call('count')]).toMatchObject([{ data: 1 }, { data: 1 }]);
  });

  it('answer exceptions with a code, and hide those of the server', async () => {
    expect(await call('fails', 'missing')).toMatchObject({ code: 'not_found', message: 'App not found' });
    expect(await call('fails', 'own')).toMatchObject({ code: 'conflict', message: 'Changed meanwhile' });
    expect(await call('fails')).toMatchObject({ code: 'internal', message: 'Internal error' });
    expect(await call('map')).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(user.frames)).not.toContain('secret of the server');
    expect(app.log.lines.filter((line) => line.includes('secret of the server'))).toHaveLength(1);
    expect(app.log.lines.filter((line) => line.includes('Changed meanwhile'))).toEqual([]);
  });

  it('are not for clients without a token, unless they allow it', async () => {
    const client = await app.connect();
    await client.next('connected');
    expect(await call('echo', 1, client)).toMatchObject({ code: 'forbidden' });
    expect(await call('nothing', 1, client)).toMatchObject({
      data: { id: `call-${calls}`, command: 'nothing', caller: null, aborted: false },
    });
    await client.close();
  });

  it('answer unknown names and malformed calls', async () => {
    expect(await call('unknown')).toMatchObject({ code: 'unknown_command', callId: `call-${calls}` });
    expect(await user.ask({ type: 'call', name: '', callId: 'a b' })).toMatchObject({
      code: 'invalid_message',
      details: [{ field: 'name' }, { field: 'callId' }],
    });
    expect(await user.ask({ type: 'cancel', callId: 'unknown' })).toMatchObject({
      code: 'not_found',
      callId: 'unknown',
    });
  });

  it('drop __proto__ from results', async () => {
    user.send('{"type":"call","name":"echo","callId":"proto","ref":"p","data":{"__proto__":{"x":1},"y":2}}');
    const result = await user.next('result', ({ callId }) => callId === 'proto');
    expect(JSON.stringify(result.data)).toBe('{"y":2}');
  });
});

describe('an application whose commands are wrong', () => {
  it('does not start, and says what to change', async () => {
    class Unmarked {
      @Command('a')
      a(): void {}
    }
    @RealtimeCommands()
    class Wrong {
      @Command('a')
      b(): void {}

      @Command('bare')
      bare(input: unknown): unknown {
        return input;
      }
    }
    const start = RealtimeApp.start({}, { providers: [Unmarked, Wrong] });
    await expect(start).rejects.toThrow(
      [
        'RealtimeModule: @Command on Unmarked.a: decorate the class with @RealtimeCommands()',
        "@Command('a') on Wrong.b: Unmarked.a has the same name",
        '@Command on Wrong.bare: decorate its parameters with @Input(), @Caller() or @Call()',
      ].join('\n'),
    );
  });
});
