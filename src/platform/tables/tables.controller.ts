import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Principal, User } from '../../realtime/index.js';
import { CurrentPrincipal, CurrentUser, SignedIn } from '../auth/access.js';
import { IdPipe } from '../http/id.pipe.js';
import { PageDto } from '../http/page.dto.js';
import { RowsService } from './rows.service.js';
import { CreateTableDto, RowDto, UpdateTableDto } from './table.dto.js';
import type { Row, Table } from './table.js';
import { TablesService } from './tables.service.js';

@Controller('api/database/tables')
@SignedIn()
export class TablesController {
  constructor(
    private readonly tables: TablesService,
    private readonly rows: RowsService,
  ) {}

  @Get()
  list(@Query() page: PageDto): Promise<Table[]> {
    return this.tables.list(page);
  }

  @Post()
  create(@Body() table: CreateTableDto, @CurrentUser() user: User): Promise<Table> {
    return this.tables.create(table, user.userId);
  }

  @Get(':name')
  get(@Param('name', IdPipe) name: string): Promise<Table> {
    return this.tables.get(name);
  }

  @Patch(':name')
  update(
    @Param('name', IdPipe) name: string,
    @Body() changes: UpdateTableDto,
    @CurrentPrincipal() user: Principal,
  ): Promise<Table> {
    return this.tables.update(name, changes, user);
  }

  @Delete(':name')
  @HttpCode(204)
  remove(@Param('name', IdPipe) name: string, @CurrentPrincipal() user: Principal): Promise<void> {
    return this.tables.remove(name, user);
  }

  @Get(':name/rows')
  listRows(@Param('name', IdPipe) name: string, @Query() page: PageDto): Promise<Row[]> {
    return this.rows.list(name, page);
  }

  @Post(':name/rows')
  insertRow(
    @Param('name', IdPipe) name: string,
    @Body() row: RowDto,
    @CurrentPrincipal() user: Principal,
  ): Promise<Row> {
    return this.rows.insert(name, row, user);
  }

  @Patch(':name/rows/:id')
  changeRow(
    @Param('name', IdPipe) name: string,
    @Param('id', IdPipe) id: string,
    @Body() row: RowDto,
    @CurrentPrincipal() user: Principal,
  ): Promise<Row> {
    return this.rows.change(name, id, row, user);
  }
}
