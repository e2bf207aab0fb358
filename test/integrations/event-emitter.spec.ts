import { Controller, Injectable, Post, UseInterceptors } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { EventsPublisher, SenderInterceptor } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';

interface AppCreated {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
}

@Injectable()
class AppEvents {
  constructor(private readonly events: EventsPublisher) {}

  @OnEvent('app.created')
  async created({ id, name }: AppCreated): Promise<void> {
    await Promise.resolve();
    this.events.afterCommit('apps:created', { id, name });
  }
}

@Controller('apps')
@UseInterceptors(SenderInterceptor)
class AppsController {
  constructor(private readonly emitter: EventEmitter2) {}

  @Post()
  create(): void {
    this.emitter.emit('app.created', { id: '1', name: 'shop', secret: 'x' } satisfies AppCreated);
  }
}

describe('a listener of @nestjs/event-emitter', () => {
  it('emits domain events to a channel, without the tab whose request caused them', async () => {
    const app = await RealtimeApp.start(
      {},
      { imports: [EventEmitterModule.forRoot()], providers: [AppEvents], controllers: [AppsController] },
    );
    const [sender, other] = [await app.connect({ token: signToken() }), await app.connectAs({ sub: 'other' })];
    const { connectionId } = await sender.next('connected');
    for (const client of [sender, other]) await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const headers = { authorization: `Bearer ${signToken()}`, 'x-connection-id': connectionId };
    expect((await fetch(`${app.http}/apps`, { method: 'POST', headers })).status).toBe(201);
    expect((await other.next('event')).data).toEqual({ id: '1', name: 'shop' });
    await sender.expectNone('event');
    for (const client of [sender, other]) await client.close();
    await app.close();
  });

  it('waits for the commit of the transaction in which the domain event was emitted', async () => {
    const app = await RealtimeApp.start({}, { imports: [EventEmitterModule.forRoot()], providers: [AppEvents] });
    const emitted: string[] = [];
    app.events.onEmit(({ channel }) => void emitted.push(channel));
    const emitter = app.app.get(EventEmitter2);
    const rolledBack = app.events.transaction(async () => {
      await emitter.emitAsync('app.created', { id: '1', name: 'shop' });
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await app.events.transaction(() => emitter.emitAsync('app.created', { id: '2', name: 'shop' }));
    expect(emitted).toEqual(['apps:created']);
    await app.close();
  });
});
