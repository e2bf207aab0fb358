import { Name } from '../http/text.js';

/** `POST /api/apps`, `PATCH /api/apps/:id` */
export class AppDto {
  /** Unique, whatever the case of its letters. */
  @Name(60)
  name!: string;
}
