import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { ConfigurationModule } from '../config/configuration.module.js';
import { TokenService } from './token.service.js';

@Module({
  imports: [ConfigurationModule, JwtModule.register({})],
  providers: [TokenService],
  exports: [TokenService],
})
export class TokenModule {}
