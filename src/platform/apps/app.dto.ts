import { Matches } from 'class-validator';
import { Name } from '../http/text.js';

/** `POST /api/apps`, `PATCH /api/apps/:id` */
export class AppDto {
  /** Unique, case-insensitive. */
  @Name(60)
  name!: string;
}

/** The command `apps.rename` */
export class RenameAppDto extends AppDto {
  @Matches(/^[\w.@-]{1,64}$/)
  id!: string;
}
