import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { EmittedEvent, Principal, User } from '../../realtime/index.js';
import { AdminOnly, CurrentPrincipal, CurrentUser, SignedIn } from '../auth/access.js';
import { IdPipe } from '../http/id.pipe.js';
import { PageDto } from '../http/page.dto.js';
import { CreateUserDto, NotifyDto, UpdateUserDto } from './user.dto.js';
import type { ListedUser, UserRecord } from './user.js';
import { UsersService } from './users.service.js';

@Controller('api/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @SignedIn()
  list(@Query() page: PageDto, @CurrentPrincipal() principal: Principal): Promise<ListedUser[]> {
    return this.users.list(page, principal);
  }

  @Post()
  @AdminOnly()
  create(@Body() newcomer: CreateUserDto, @CurrentUser() user: User): Promise<UserRecord> {
    return this.users.create(newcomer, user.userId);
  }

  @Patch(':id')
  @AdminOnly()
  update(
    @Param('id', IdPipe) id: string,
    @Body() changes: UpdateUserDto,
    @CurrentUser() user: User,
  ): Promise<UserRecord> {
    return this.users.update(id, changes, user.userId);
  }

  @Delete(':id')
  @HttpCode(204)
  @AdminOnly()
  remove(@Param('id', IdPipe) id: string, @CurrentUser() user: User): Promise<void> {
    return this.users.remove(id, user.userId);
  }

  /** Sends a message to one user on `user:{id}`. Returns `{ id, channel, timestamp }` of the event. */
  @Post(':id/notify')
  @HttpCode(202)
  @AdminOnly()
  notify(
    @Param('id', IdPipe) id: string,
    @Body() { message }: NotifyDto,
    @CurrentUser() user: User,
  ): Promise<EmittedEvent> {
    return this.users.notify(id, message, user.userId);
  }
}
