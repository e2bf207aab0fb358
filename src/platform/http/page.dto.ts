import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** Pagination: `?limit=…&offset=…`. */
export class PageDto {
  /** @default 100 */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit = 100;

  /** @default 0 */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  offset = 0;
}
