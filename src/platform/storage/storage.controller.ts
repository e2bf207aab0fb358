import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, StreamableFile } from '@nestjs/common';
import type { Principal, User } from '../../realtime/index.js';
import { CurrentPrincipal, CurrentUser, SignedIn } from '../auth/access.js';
import { IdPipe } from '../http/id.pipe.js';
import { PageDto } from '../http/page.dto.js';
import { ReplaceFileDto, UploadFileDto } from './file.dto.js';
import type { StoredFile } from './file.js';
import { StorageService } from './storage.service.js';

@Controller('api/storage/files')
@SignedIn()
export class StorageController {
  constructor(private readonly storage: StorageService) {}

  @Get()
  list(@Query() page: PageDto): Promise<StoredFile[]> {
    return this.storage.list(page);
  }

  @Post()
  upload(@Body() file: UploadFileDto, @CurrentUser() user: User): Promise<StoredFile> {
    return this.storage.upload(file, user.userId);
  }

  @Put(':id')
  replace(
    @Param('id', IdPipe) id: string,
    @Body() file: ReplaceFileDto,
    @CurrentPrincipal() user: Principal,
  ): Promise<StoredFile> {
    return this.storage.replace(id, file, user);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', IdPipe) id: string, @CurrentPrincipal() user: Principal): Promise<void> {
    return this.storage.remove(id, user);
  }

  /** Always a download, so that uploaded content never runs as a page of this origin. */
  @Get(':id/content')
  async content(@Param('id', IdPipe) id: string): Promise<StreamableFile> {
    const { name, contentType, content } = await this.storage.content(id);
    return new StreamableFile(content, {
      type: contentType,
      length: content.length,
      disposition: `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    });
  }
}
