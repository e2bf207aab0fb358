import { Module } from '@nestjs/common';
import { AppsCommands } from './apps.commands.js';
import { AppsController } from './apps.controller.js';
import { AppsService } from './apps.service.js';

@Module({ controllers: [AppsController], providers: [AppsService, AppsCommands] })
export class AppsModule {}
