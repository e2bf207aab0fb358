import { Name } from '../http/text.js';

/** `POST /api/apps`, `PATCH /api/apps/:id` */
export class AppDto {
  /** Unique, case-insensitive. */
  @Name(60)
  name!: string;
}
