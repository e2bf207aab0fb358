import { IsIn } from 'class-validator';
import { Text } from '../http/text.js';

const LEVELS = ['info', 'warning'] as const;

/** `POST /api/announcements` */
export class AnnouncementDto {
  @Text(1, 1_000)
  message!: string;

  /** @default 'info' */
  @IsIn(LEVELS)
  level: (typeof LEVELS)[number] = 'info';
}
