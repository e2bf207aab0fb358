import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { EventsPublisher, type EmittedEvent, type User } from '../../realtime/index.js';
import { AdminOnly, CurrentUser } from '../auth/access.js';
import { AnnouncementDto } from './announcement.dto.js';

@Controller('api/announcements')
export class AnnouncementsController {
  constructor(private readonly events: EventsPublisher) {}

  /**
   * Sends an announcement to every subscriber, also to anonymous ones. Announcements are not stored, so the response
   * waits until the event is published.
   */
  @Post()
  @HttpCode(202)
  @AdminOnly()
  announce(@Body() { message, level }: AnnouncementDto, @CurrentUser() user: User): Promise<EmittedEvent> {
    return this.events.emit('announcements', { message, level, by: user.userId });
  }
}
