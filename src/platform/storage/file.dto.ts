import { applyDecorators } from '@nestjs/common';
import { IsBase64, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { Name } from '../http/text.js';

/** Maximum size of a file, in bytes. */
const MAX_FILE_BYTES = 1_048_576;

/** Base64 needs four characters for three bytes. */
const Content = (): PropertyDecorator =>
  applyDecorators(
    IsString(),
    IsBase64({ urlSafe: false }, { message: 'content must be base64' }),
    MaxLength(Math.ceil(MAX_FILE_BYTES / 3) * 4, { message: `content must be at most ${MAX_FILE_BYTES} bytes` }),
  );

const ContentType = (): PropertyDecorator =>
  Matches(/^[a-z0-9][\w.+-]{0,63}\/[a-z0-9][\w.+-]{0,63}$/i, {
    message: 'contentType must be a media type such as text/plain',
  });

/** `POST /api/storage/files` */
export class UploadFileDto {
  @Name(120)
  name!: string;

  /** @default 'application/octet-stream' */
  @ContentType()
  contentType = 'application/octet-stream';

  /** As base64, up to 1 MiB when decoded; `""` for an empty file. */
  @Content()
  content!: string;
}

/** `PUT /api/storage/files/:id`: replaces the content. The media type changes only if it is given. */
export class ReplaceFileDto {
  @IsOptional()
  @ContentType()
  contentType?: string;

  @Content()
  content!: string;
}
