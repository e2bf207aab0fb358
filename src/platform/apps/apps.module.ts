import { Module } from '@nestjs/common';
import { ApplicationList } from './application-list.js';
import { AppsCommands } from './apps.commands.js';
import { AppsController } from './apps.controller.js';
import { AppsService } from './apps.service.js';

@Module({ controllers: [AppsController], providers: [AppsService, AppsCommands, ApplicationList] })
export class AppsModule {}
