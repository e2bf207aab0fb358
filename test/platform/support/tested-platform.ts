import { Test } from '@nestjs/testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PlatformConfig } from '../../../src/platform/config/platform-config.js';
import { configureHttp } from '../../../src/platform/http/configure-http.js';
import { PlatformModule } from '../../../src/platform/platform.module.js';
import { RealtimeTesting } from '../../../src/testing/nest/index.js';
import { TEST_SECRET } from '../../support/jwt.js';

/** Starts the platform in this process: its events are recorded, and its clock can be advanced. */
export async function startTested(env: NodeJS.ProcessEnv = {}): Promise<RealtimeTesting> {
  const config = new PlatformConfig({
    ...{
      DATABASE_URL: 'memory:',
      JWT_SECRET: TEST_SECRET,
      REALTIME_MAX_EVENT_LOOP_DELAY_MS: '60000',
      REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '1000',
    },
    ...env,
  });
  const tested = await Test.createTestingModule({ imports: [PlatformModule] })
    .overrideProvider(PlatformConfig)
    .useValue(config)
    .compile();
  const app = tested.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
  configureHttp(app);
  return RealtimeTesting.of(app, { patienceMs: 15_000 });
}
