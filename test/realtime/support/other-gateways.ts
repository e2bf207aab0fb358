import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { finalize, interval, map, Observable, of, startWith, throwError } from 'rxjs';

/** A gateway of the application on another path, for `ws` and for Socket.IO. */
@WebSocketGateway({ path: '/other' })
export class OtherGateway {
  @SubscribeMessage('hi')
  hi(@MessageBody() data: unknown): { event: string; data: unknown } {
    return { event: 'hello', data };
  }
}

/** A typical gateway of a Socket.IO application. */
@WebSocketGateway()
export class SocketIoGateway {
  @SubscribeMessage('hi')
  hi(@MessageBody() data: unknown): { event: string; data: unknown } {
    return { event: 'hello', data };
  }
}

/** A gateway on the realtime path that adds message types. */
@WebSocketGateway({ path: '/ws' })
export class SamePathGateway {
  @SubscribeMessage('rename')
  rename(@MessageBody() data: { name: string }): object {
    return { renamed: data.name };
  }

  @SubscribeMessage('respond')
  respond(@MessageBody() data: unknown): { event: string; data: unknown } {
    return { event: 'response', data };
  }

  @SubscribeMessage('later')
  later(@MessageBody() data: unknown): Promise<unknown> {
    return new Promise((resolve) => void setImmediate(() => resolve(data)));
  }

  @SubscribeMessage('several')
  several(): Observable<number> {
    return of(1, 2, 3);
  }

  /** Number of running endless replies. */
  ticking = 0;

  @SubscribeMessage('endless')
  endless(): Observable<number> {
    this.ticking += 1;
    return interval(20).pipe(
      map((count) => count + 1),
      startWith(0),
      finalize(() => (this.ticking -= 1)),
    );
  }

  @SubscribeMessage('map')
  map(): unknown {
    return new Map([['a', 1]]);
  }

  @SubscribeMessage('promise-inside')
  promiseInside(): unknown {
    return { event: 'answer', data: { later: Promise.resolve(1) } };
  }

  @SubscribeMessage('circle')
  circle(): object {
    const circle: { self?: object } = {};
    circle.self = circle;
    return circle;
  }

  @SubscribeMessage('silent')
  silent(): void {}

  @SubscribeMessage('refuse')
  refuse(): never {
    throw new WsException('Not on a Sunday');
  }

  @SubscribeMessage('refuse-with-code')
  refuseWithCode(): never {
    throw new WsException({ code: 'forbidden', message: 'Not you' });
  }

  @SubscribeMessage('break')
  break(): never {
    throw new Error('internal text that no client should see');
  }

  @SubscribeMessage('break-later')
  breakLater(): Promise<never> {
    return Promise.reject(new Error('internal text that no client should see'));
  }

  @SubscribeMessage('break-stream')
  breakStream(): Observable<never> {
    return throwError(() => new Error('internal text that no client should see'));
  }

  /** This type belongs to the protocol already. */
  @SubscribeMessage('ping')
  ping(): string {
    return 'never called';
  }
}
