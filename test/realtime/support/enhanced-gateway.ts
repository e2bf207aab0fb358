import {
  BadRequestException,
  Catch,
  ForbiddenException,
  HttpException,
  Injectable,
  ParseIntPipe,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentMetadata,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import {
  BaseWsExceptionFilter,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { concat, finalize, map, NEVER, Observable, of, Subject } from 'rxjs';
import { EventsPublisher, type Connection } from '../../../src/realtime/index.js';

/** A guard that runs a refusal for each listed message type. */
function guard(refusals: Record<string, () => boolean | Promise<boolean>>): CanActivate {
  return {
    canActivate: (context: ExecutionContext) => {
      if (context.getType() !== 'ws') return true;
      return refusals[context.switchToWs().getPattern()]?.() ?? true;
    },
  };
}

function fail(error: unknown): never {
  throw error;
}

/** Global guard of the application. */
export const GLOBAL_GUARD = guard({ 'refused-globally': () => false });
export const APP_GUARD_OF_MODULE = guard({
  'refused-by-app-guard': () => fail(new ForbiddenException('Not on this plan')),
});

class Named {
  @IsString() name!: string;
}

class Place {
  @IsInt() floor!: number;
  @ValidateNested() @Type(() => Named) owner!: Named;
}

const ERRORS = [
  { property: 'floor', constraints: { isInt: 'floor must be an integer number' } },
  { property: 'owner', children: [{ property: 'name', constraints: { isString: 'name must be a string' } }] },
];

@Injectable()
class Enveloping implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const isWanted = context.switchToWs().getPattern().startsWith('intercepted');
    return isWanted ? next.handle().pipe(map((value: unknown) => ({ enveloped: value }))) : next.handle();
  }
}

export const GLOBAL_INTERCEPTOR: NestInterceptor = {
  intercept: (context, next) =>
    context.getType() === 'ws' && context.switchToWs().getPattern() === 'intercepted-globally'
      ? next.handle().pipe(map((value: unknown) => ({ global: value })))
      : next.handle(),
};

class OwnError extends Error {}

/** Sends to the client directly. */
@Catch(OwnError)
class OwnFilter {
  catch(_error: OwnError, host: ArgumentsHost): void {
    host.switchToWs().getClient<Connection>().emit('exception', { message: 'Translated', code: 'unavailable' });
  }
}

/** Changes the exception and passes it to Nest's base filter. */
@Catch(RangeError)
class ClassFilter extends BaseWsExceptionFilter {
  override catch(error: RangeError, host: ArgumentsHost): void {
    const answer = super.catch.bind(this);
    answer(new WsException(`Out of range: ${error.message}`), host);
  }
}

@WebSocketGateway({ path: '/ws' })
@UseGuards(guard({ 'refused-by-class': () => fail(new UnauthorizedException('Sign in again')) }))
@UseInterceptors(Enveloping)
@UseFilters(ClassFilter)
export class EnhancedGateway {
  /** Number of running endless handlers, and the handlers that wait for the test. */
  live = 0;
  readonly waiting = new Map<string, (value: unknown) => void>();
  private readonly shared = new Subject<number>();

  constructor(private readonly events: EventsPublisher) {}

  @SubscribeMessage('wait')
  wait(@MessageBody('name') name: string): Promise<unknown> {
    return new Promise((resolve) => this.waiting.set(name, resolve));
  }

  @SubscribeMessage('hang')
  hang(): Observable<never> {
    this.live += 1;
    return NEVER.pipe(finalize(() => (this.live -= 1)));
  }

  @SubscribeMessage('hang-in-guard')
  @UseGuards({ canActivate: () => new Promise<boolean>(() => undefined) })
  hangInGuard(): string {
    return 'never called';
  }

  @SubscribeMessage('hang-and-break')
  hangAndBreak(): Observable<never> {
    return NEVER.pipe(finalize(() => fail(new Error('a teardown that throws'))));
  }

  @SubscribeMessage('live')
  stream(): Observable<number> {
    this.live += 1;
    return concat(of(1), NEVER).pipe(finalize(() => (this.live -= 1)));
  }

  @SubscribeMessage('watch')
  watch(): Observable<number> {
    return concat(of(0), this.shared);
  }

  /** Ends the stream of `watch` from the code of another message. */
  @SubscribeMessage('end-watch')
  endWatch(): string {
    this.shared.error(new HttpException('The source is gone', 503));
    return 'ended';
  }

  /** Sends to the client directly, before and after waiting. */
  @SubscribeMessage('speak')
  async speak(@ConnectedSocket() connection: Connection, @MessageBody('name') name: string): Promise<void> {
    connection.emit('spoken', { name, part: 1 });
    await new Promise((resolve) => this.waiting.set(name, resolve));
    connection.emit('spoken', { name, part: 2 });
  }

  @SubscribeMessage('emit-here')
  async emitHere(): Promise<string> {
    await new Promise((resolve) => void setImmediate(resolve));
    const { channel } = await this.events.publish('apps:created', { id: 'a1' });
    return channel;
  }

  @SubscribeMessage('typed')
  typed(): object {
    return { event: 'arrived', id: 7, city: 'Bonn' };
  }

  @SubscribeMessage('event-only')
  eventOnly(): object {
    return { event: 'done' };
  }

  @SubscribeMessage('refused')
  @UseGuards(guard({ refused: () => false }))
  refused(): string {
    return 'never called';
  }

  @SubscribeMessage('refused-with-code')
  @UseGuards(guard({ 'refused-with-code': () => fail(new WsException({ code: 'rate_limited', message: 'Later' })) }))
  refusedWithCode(): string {
    return 'never called';
  }

  @SubscribeMessage('refused-by-class')
  refusedByClass(): string {
    return 'never called';
  }

  @SubscribeMessage('refused-globally')
  refusedGlobally(): string {
    return 'never called';
  }

  @SubscribeMessage('refused-by-app-guard')
  refusedByAppGuard(): string {
    return 'never called';
  }

  @SubscribeMessage('place')
  place(@MessageBody() place: Place): object {
    return { isPlace: place instanceof Place };
  }

  @SubscribeMessage('number')
  number(@MessageBody('n', ParseIntPipe) n: number): number {
    return n + 1;
  }

  /** Rejects like `exceptionFactory: (errors) => new WsException(errors)`. */
  @SubscribeMessage('refused-by-pipe')
  @UsePipes({
    transform: (value: unknown, { type }: ArgumentMetadata) =>
      type === 'body' ? fail(new WsException(ERRORS)) : value,
  })
  refusedByPipe(@MessageBody() _place: unknown): string {
    return 'never called';
  }

  @SubscribeMessage('intercepted')
  intercepted(): string {
    return 'x';
  }

  @SubscribeMessage('intercepted-globally')
  interceptedGlobally(): string {
    return 'x';
  }

  @SubscribeMessage('own-error')
  @UseFilters(OwnFilter)
  async ownError(): Promise<never> {
    await new Promise((resolve) => void setImmediate(resolve));
    throw new OwnError('internal text');
  }

  @SubscribeMessage('range-error')
  rangeError(): never {
    throw new RangeError('42');
  }

  @SubscribeMessage('http-error')
  httpError(@MessageBody('status') status: number): never {
    throw new HttpException(`Status ${status}`, status);
  }

  @SubscribeMessage('bad-request')
  badRequest(): never {
    throw new BadRequestException({ message: 'The name is taken', statusCode: 400 });
  }
}
