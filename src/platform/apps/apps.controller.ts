import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Principal, User } from '../../realtime/index.js';
import { CurrentPrincipal, CurrentUser, SignedIn } from '../auth/access.js';
import { IdPipe } from '../http/id.pipe.js';
import { PageDto } from '../http/page.dto.js';
import type { App } from './app.js';
import { AppDto } from './app.dto.js';
import { AppsService } from './apps.service.js';

@Controller('api/apps')
@SignedIn()
export class AppsController {
  constructor(private readonly apps: AppsService) {}

  @Get()
  list(@Query() page: PageDto): Promise<App[]> {
    return this.apps.list(page);
  }

  @Get(':id')
  get(@Param('id', IdPipe) id: string): Promise<App> {
    return this.apps.get(id);
  }

  @Post()
  create(@Body() app: AppDto, @CurrentUser() user: User): Promise<App> {
    return this.apps.create(app, user.userId);
  }

  @Patch(':id')
  update(@Param('id', IdPipe) id: string, @Body() changes: AppDto, @CurrentPrincipal() user: Principal): Promise<App> {
    return this.apps.update(id, changes, user);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', IdPipe) id: string, @CurrentPrincipal() user: Principal): Promise<void> {
    return this.apps.remove(id, user);
  }
}
