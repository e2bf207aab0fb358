import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { EventsPublisher, RealtimeModule } from '../../src/realtime/index.js';
import { RealtimeTesting, RealtimeTestingModule } from '../../src/testing/nest/index.js';
import { blocksOf } from './support/blocks.js';

class AppCreated {
  @IsString() id!: string;
  @IsString() name!: string;
}

class Root {}

describe('docs/testing.md', () => {
  it('shows the message of a failed expectation', async () => {
    const feature = RealtimeModule.forFeature([{ name: 'apps:created', data: AppCreated }]);
    const root = { module: Root, imports: [RealtimeTestingModule.forRoot(), feature] };
    const app = await NestFactory.create(root, { logger: false });
    const realtime = await RealtimeTesting.of(app, { patienceMs: 1_000 });
    const client = await realtime.connectAs({ userId: 'ada' });
    await client.subscribe('apps:created');
    const careless = { id: '1', name: 5 } as unknown as AppCreated;
    await expect(app.get(EventsPublisher).emit('apps:created', careless)).rejects.toThrow('name must be a string');
    const text = blocksOf('docs/testing.md').find(({ language }) => language === 'text')!;
    await expect(client.expectEvent('apps:created', { name: 'shop' })).rejects.toThrow(new Error(text.code.trimEnd()));
    await realtime.close();
  });
});
