import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { ConsoleSessionController } from './console-session.controller.js';
import { TokenModule } from './token.module.js';

@Module({ imports: [UsersModule, TokenModule], controllers: [AuthController, ConsoleSessionController] })
export class AuthModule {}
