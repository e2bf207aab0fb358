import { Module } from '@nestjs/common';
import { EndedSessions } from '../auth/ended-sessions.service.js';
import { DemoController } from './demo.controller.js';
import { LinksController } from './links.controller.js';
import { FirstUsersService } from './first-users.service.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  controllers: [UsersController, DemoController, LinksController],
  providers: [UsersService, FirstUsersService, EndedSessions],
  exports: [UsersService, EndedSessions],
})
export class UsersModule {}
