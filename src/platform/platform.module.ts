import '../platform-events/index.js';
import { Module } from '@nestjs/common';
import { RealtimeModule, RealtimeOutboxModule } from '../realtime/index.js';
import { AnnouncementsModule } from './announcements/announcements.module.js';
import { AppsModule } from './apps/apps.module.js';
import { AuthModule } from './auth/auth.module.js';
import { TokenModule } from './auth/token.module.js';
import { ConfigurationModule } from './config/configuration.module.js';
import { JwtKeys } from './config/jwt-keys.js';
import { PlatformConfig } from './config/platform-config.js';
import { Database } from './database/database.js';
import { DatabaseModule } from './database/database.module.js';
import { DeploymentsModule } from './deployments/deployments.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { StorageModule } from './storage/storage.module.js';
import { SystemModule } from './system/system.module.js';
import { TablesModule } from './tables/tables.module.js';
import { UsersModule } from './users/users.module.js';

/** A small SaaS API that uses the realtime module like any application. */
@Module({
  imports: [
    ConfigurationModule,
    RealtimeModule.forRootAsync({
      inject: [PlatformConfig, JwtKeys],
      useFactory: ({ realtime, jwt: { issuer, audience } }: PlatformConfig, { verification }: JwtKeys) => ({
        ...realtime,
        jwt: { ...verification, ...(issuer && { issuer }), ...(audience && { audience }) },
      }),
    }),
    DatabaseModule,
    RealtimeOutboxModule.forRootAsync({ inject: [Database], useFactory: (database: Database) => ({ database }) }),
    TokenModule,
    AuthModule,
    UsersModule,
    AppsModule,
    DeploymentsModule,
    TablesModule,
    StorageModule,
    AnnouncementsModule,
    SystemModule,
    HealthModule,
    MetricsModule,
  ],
})
export class PlatformModule {}
