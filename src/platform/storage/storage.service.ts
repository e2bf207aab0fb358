import { Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../realtime/index.js';
import { assertOwner } from '../auth/access.js';
import { Changes } from '../database/changes.js';
import { Database, type Statements } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import type { ReplaceFileDto, UploadFileDto } from './file.dto.js';
import { FILE_COLUMNS, type StoredFile } from './file.js';

/**
 * Manages files. Each change is committed in one transaction with its `storage:*` event, which contains the metadata
 * but never the content.
 */
@Injectable()
export class StorageService {
  constructor(
    private readonly database: Database,
    private readonly changes: Changes,
  ) {}

  list({ limit, offset }: PageDto): Promise<StoredFile[]> {
    return this.database.query(`select ${FILE_COLUMNS} from files order by created_at desc, id limit $1 offset $2`, [
      limit,
      offset,
    ]);
  }

  async upload({ name, contentType, content }: UploadFileDto, by: string): Promise<StoredFile> {
    const bytes = Buffer.from(content, 'base64');
    return this.changes.make(async (statements, emit) => {
      const [file] = await statements.query<StoredFile>(
        `insert into files (id, name, content_type, size, content, uploaded_by) values ($1, $2, $3, $4, $5, $6)
       returning ${FILE_COLUMNS}`,
        [randomUUID(), name, contentType, bytes.length, bytes, by],
      );
      await emit('storage:uploaded', { ...file!, by });
      return file!;
    });
  }

  /** @throws ForbiddenException for a user who neither uploaded the file nor is an admin */
  async replace(id: string, { contentType, content }: ReplaceFileDto, by: Principal): Promise<StoredFile> {
    const bytes = Buffer.from(content, 'base64');
    return this.changes.make(async (statements, emit) => {
      await assertFileOwner(statements, id, by);
      const [file] = await statements.query<StoredFile>(
        `update files set content_type = coalesce($2, content_type), size = $3, content = $4, updated_at = now()
       where id = $1 returning ${FILE_COLUMNS}`,
        [id, contentType ?? null, bytes.length, bytes],
      );
      if (file === undefined) throw missing(id);
      await emit('storage:updated', { ...file, by: by.user.userId });
      return file;
    });
  }

  /** @throws ForbiddenException for a user who neither uploaded the file nor is an admin */
  async remove(id: string, by: Principal): Promise<void> {
    await this.changes.make(async (statements, emit) => {
      await assertFileOwner(statements, id, by);
      const [file] = await statements.query<{ id: string; name: string }>(
        'delete from files where id = $1 returning id, name',
        [id],
      );
      if (file === undefined) throw missing(id);
      await emit('storage:deleted', { ...file, by: by.user.userId });
    });
  }

  async content(id: string): Promise<{ name: string; contentType: string; content: Uint8Array }> {
    const [file] = await this.database.query<{ name: string; contentType: string; content: Uint8Array }>(
      'select name, content_type as "contentType", content from files where id = $1',
      [id],
    );
    if (file === undefined) throw missing(id);
    return file;
  }
}

async function assertFileOwner(statements: Statements, id: string, by: Principal): Promise<void> {
  const [file] = await statements.query<Pick<StoredFile, 'uploadedBy'>>(
    'select uploaded_by as "uploadedBy" from files where id = $1 for update',
    [id],
  );
  if (file === undefined) throw missing(id);
  assertOwner(file.uploadedBy, by);
}

function missing(id: string): NotFoundException {
  return new NotFoundException(`File ${id} not found`);
}
