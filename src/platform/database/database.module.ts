import { Global, Module } from '@nestjs/common';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from './database.js';
import { openDatabase } from './open-database.js';

@Global()
@Module({
  providers: [
    {
      provide: Database,
      useFactory: ({ database }: PlatformConfig) => openDatabase(database),
      inject: [PlatformConfig],
    },
  ],
  exports: [Database],
})
export class DatabaseModule {}
