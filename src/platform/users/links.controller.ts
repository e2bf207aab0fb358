import { Controller, Get } from '@nestjs/common';
import { AdminOnly } from '../auth/access.js';
import { PlatformConfig } from '../config/platform-config.js';

/** Lists the other pages of the platform for the live page. */
@Controller('api/links')
export class LinksController {
  constructor(private readonly config: PlatformConfig) {}

  /** @returns the address of the operators' console; `null` if it is switched off */
  @Get()
  @AdminOnly()
  links(): { console: string | null } {
    return { console: this.config.realtime.console === true ? '/realtime/console' : null };
  }
}
