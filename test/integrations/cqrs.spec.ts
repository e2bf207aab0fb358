import {
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  type ICommandHandler,
  type IEventHandler,
} from '@nestjs/cqrs';
import { Emits, EventsPublisher } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

class AppCreatedEvent {
  constructor(
    readonly id: string,
    readonly name: string,
  ) {}
}

class AppDeletedEvent {
  constructor(readonly id: string) {}
}

@EventsHandler(AppCreatedEvent, AppDeletedEvent)
class AppChannels implements IEventHandler<AppCreatedEvent | AppDeletedEvent> {
  constructor(private readonly events: EventsPublisher) {}

  async handle(event: AppCreatedEvent | AppDeletedEvent): Promise<void> {
    if (event instanceof AppCreatedEvent) await this.events.emit('apps:created', { id: event.id, name: event.name });
    else await this.events.emit('apps:deleted', { id: event.id });
  }
}

class RenameApp {
  constructor(
    readonly id: string,
    readonly name: string,
  ) {}
}

@CommandHandler(RenameApp)
class RenameAppHandler implements ICommandHandler<RenameApp> {
  @Emits('apps:updated')
  async execute({ id, name }: RenameApp): Promise<{ id: string; name: string }> {
    return { id, name };
  }
}

describe('handlers of @nestjs/cqrs', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { imports: [CqrsModule.forRoot()], providers: [AppChannels, RenameAppHandler] });
  });
  afterAll(() => app.close());

  it('emit the events of the event bus, each to its channel', async () => {
    const client = await app.connectAs();
    for (const channel of ['apps:created', 'apps:deleted']) await client.ask({ type: 'subscribe', channel });
    const bus = app.app.get(EventBus);
    bus.publish(new AppCreatedEvent('1', 'shop'));
    expect(await client.next('event')).toMatchObject({ channel: 'apps:created', data: { id: '1', name: 'shop' } });
    bus.publishAll([new AppDeletedEvent('1')]);
    expect(await client.next('event')).toMatchObject({ channel: 'apps:deleted', data: { id: '1' } });
    await client.close();
  });

  it('emit the result of a command with @Emits', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:updated' });
    const result: unknown = await app.app.get(CommandBus).execute(new RenameApp('1', 'store'));
    expect(result).toEqual({ id: '1', name: 'store' });
    expect((await client.next('event')).data).toEqual(result);
    await client.close();
  });
});
