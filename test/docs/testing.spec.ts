import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { EventsPublisher, RealtimeModule } from '../../src/realtime/index.js';
import { RealtimeTesting, RealtimeTestingModule, TestLive } from '../../src/testing/nest/index.js';
import { blocksOf } from './support/blocks.js';

class AppCreated {
  @IsString() id!: string;
  @IsString() name!: string;
}

class Root {}

describe('docs/testing.md', () => {
  const messages = blocksOf('docs/testing.md')
    .filter(({ language }) => language === 'text')
    .map(({ code }) => code.trimEnd());

  it('shows the message of a failed expectation', async () => {
    const feature = RealtimeModule.forFeature([{ name: 'apps:created', data: AppCreated }]);
    const root = { module: Root, imports: [RealtimeTestingModule.forRoot(), feature] };
    const app = await NestFactory.create(root, { logger: false });
    const realtime = await RealtimeTesting.of(app, { patienceMs: 1_000 });
    const client = await realtime.connectAs({ userId: 'ada' });
    await client.subscribe('apps:created');
    const careless = { id: '1', name: 5 } as unknown as AppCreated;
    await expect(app.get(EventsPublisher).emit('apps:created', careless)).rejects.toThrow('name must be a string');
    const expected = client.expectEvent('apps:created', { name: 'shop' });
    await expect(expected).rejects.toThrow(new Error(messages[0]));
    await realtime.close();
  });

  it('shows the message of a state that does not arrive', async () => {
    const reader = {
      until: (isSo: () => boolean) => Promise.resolve(isSo()),
      request: () => Promise.resolve(),
      ending: () => '',
    };
    const board = new TestLive<{ readonly cards: object }>('projects:42:board', reader);
    const timestamp = '2026-12-01T00:00:00.000Z';
    const data = { cards: { '7': { column: 'todo' } } };
    board.take({ type: 'state', channel: 'projects:42:board', id: 'e:1', data, timestamp });
    const expected = board.expectState({ cards: { '7': { column: 'done' } } });
    await expect(expected).rejects.toThrow(new Error(messages[1]));
  });
});
