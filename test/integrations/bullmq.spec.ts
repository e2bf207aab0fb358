import {
  BullModule,
  getQueueToken,
  InjectQueue,
  OnQueueEvent,
  Processor,
  QueueEventsHost,
  QueueEventsListener,
  WorkerHost,
} from '@nestjs/bullmq';
import type { Job, Queue } from 'bullmq';
import { EventsPublisher } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';

interface Export {
  readonly userId: string;
}

@Processor('exports')
class ExportProcessor extends WorkerHost {
  override async process(job: Job<Export>): Promise<string> {
    await job.updateProgress(50);
    return 'file.csv';
  }
}

@QueueEventsListener('exports')
class ExportEvents extends QueueEventsHost {
  constructor(
    private readonly events: EventsPublisher,
    @InjectQueue('exports') private readonly queue: Queue<Export>,
  ) {
    super();
  }

  @OnQueueEvent('progress')
  async progress({ jobId, data }: { jobId: string; data: unknown }): Promise<void> {
    await this.send(jobId, { jobId, progress: data }, `${jobId} ${JSON.stringify(data)}`);
  }

  @OnQueueEvent('completed')
  async completed({ jobId }: { jobId: string }): Promise<void> {
    await this.send(jobId, { jobId, progress: 100, done: true }, `${jobId} done`);
  }

  private async send(jobId: string, data: object, idempotencyKey: string): Promise<void> {
    const job = await this.queue.getJob(jobId);
    if (job !== undefined) await this.events.emitToUser(job.data.userId, data, { idempotencyKey });
  }
}

describe('jobs of BullMQ', () => {
  it('send progress and completion to their user, each once, with a listener on two instances', async () => {
    const redis = await RedisProcess.start();
    const connection = { host: '127.0.0.1', port: Number(new URL(redis.url).port) };
    const imports = () => [BullModule.forRoot({ connection }), BullModule.registerQueue({ name: 'exports' })];
    const options = { redis: { url: redis.url } };
    const here = await RealtimeApp.start(options, { imports: imports(), providers: [ExportProcessor, ExportEvents] });
    const there = await RealtimeApp.start(options, { imports: imports(), providers: [ExportEvents] });
    const client = await there.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'user:ann' });
    for (const { app } of [here, there]) await app.get(ExportEvents).queueEvents.waitUntilReady();
    const job = await here.app.get<Queue<Export>>(getQueueToken('exports')).add('csv', { userId: 'ann' });
    const jobId = job.id!;
    const received = [await client.next('event'), await client.next('event')].map(({ data }) => data);
    expect(received).toEqual([
      { jobId, progress: 50 },
      { jobId, progress: 100, done: true },
    ]);
    await client.expectNone('event');
    await client.close();
    for (const app of [here, there]) await app.close();
    await redis.stop();
  });
});
