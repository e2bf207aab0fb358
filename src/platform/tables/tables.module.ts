import { Module } from '@nestjs/common';
import { RowsService } from './rows.service.js';
import { TablesController } from './tables.controller.js';
import { TablesService } from './tables.service.js';

@Module({ controllers: [TablesController], providers: [TablesService, RowsService] })
export class TablesModule {}
