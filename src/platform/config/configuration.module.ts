import { Global, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { JwtKeys } from './jwt-keys.js';
import { PlatformConfig } from './platform-config.js';

/** Reads `.env` and the environment once; every module injects `PlatformConfig` and `JwtKeys`. */
@Global()
@Module({
  imports: [ConfigModule.forRoot()],
  providers: [
    // ConfigModule has copied `.env` into process.env. Variables that were set before keep their values.
    { provide: PlatformConfig, useFactory: () => new PlatformConfig(process.env), inject: [ConfigService] },
    { provide: JwtKeys, useFactory: (config: PlatformConfig) => JwtKeys.load(config), inject: [PlatformConfig] },
  ],
  exports: [PlatformConfig, JwtKeys],
})
export class ConfigurationModule {}
