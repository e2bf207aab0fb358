import { Global, Module } from '@nestjs/common';
import { PlatformConfig } from '../config/platform-config.js';
import { Changes } from './changes.js';
import { Database } from './database.js';
import { openDatabase } from './open-database.js';

@Global()
@Module({
  providers: [
    Changes,
    {
      provide: Database,
      useFactory: ({ database }: PlatformConfig) => openDatabase(database),
      inject: [PlatformConfig],
    },
  ],
  exports: [Database, Changes],
})
export class DatabaseModule {}
