import {
  Catch,
  Injectable,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { Command, Input, ProtocolError, RealtimeCommands, type CommandCall } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

class Odd extends Error {}

@Injectable()
class NoMallory implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'rpc') return true;
    return context.switchToRpc().getContext<CommandCall>().caller?.user.userId !== 'mallory';
  }
}

@Injectable()
class Wrap implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => (context.getType() === 'rpc' ? { wrapped: data } : data)));
  }
}

@Injectable()
class Shout implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? value.toUpperCase() : value;
  }
}

@Catch(Odd)
class OddFilter implements ExceptionFilter {
  catch(): never {
    throw new ProtocolError('conflict', { message: 'odd' });
  }
}

@RealtimeCommands()
class EchoCommands {
  @Command('echo')
  echo(@Input() text: string): string {
    if (text.toLowerCase() === 'odd') throw new Odd();
    return text;
  }
}

const PROVIDERS = [
  EchoCommands,
  { provide: APP_GUARD, useClass: NoMallory },
  { provide: APP_INTERCEPTOR, useClass: Wrap },
  { provide: APP_PIPE, useClass: Shout },
  { provide: APP_FILTER, useClass: OddFilter },
];

/** Returns the answers to an echo, to an error, and to a user whom the guard refuses. */
async function answersWith(globalEnhancers: boolean): Promise<unknown[]> {
  const app = await RealtimeApp.start({ commands: { globalEnhancers } }, { providers: PROVIDERS });
  const [ann, mallory] = [await app.connectAs({ sub: 'ann' }), await app.connectAs({ sub: 'mallory' })];
  const call = { type: 'call', name: 'echo' };
  const answers = [
    await ann.ask({ ...call, callId: '1', data: 'hello' }),
    await ann.ask({ ...call, callId: '2', data: 'odd' }),
    await mallory.ask({ ...call, callId: '3', data: 'hello' }),
  ];
  await app.close();
  return answers;
}

describe('global guards, pipes, interceptors and filters', () => {
  it('do not run for commands by default', async () => {
    expect(await answersWith(false)).toMatchObject([{ data: 'hello' }, { code: 'internal' }, { data: 'hello' }]);
  });

  it('run for commands by choice', async () => {
    expect(await answersWith(true)).toMatchObject([
      { data: { wrapped: 'HELLO' } },
      { code: 'conflict', message: 'odd' },
      { code: 'forbidden' },
    ]);
  });
});
