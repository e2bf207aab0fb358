import { Controller, Get, NotFoundException } from '@nestjs/common';
import { PlatformConfig } from '../config/platform-config.js';
import { DEMO_USERS } from './first-users.service.js';

/** Lists the demo users for the live page. Returns 404 without demo users. */
@Controller('api/demo')
export class DemoController {
  constructor(private readonly config: PlatformConfig) {}

  @Get()
  demo(): { users: { email: string; password: string; name: string; role: string }[] } {
    if (!this.config.demoUsers) throw new NotFoundException('This platform has no demo users');
    return { users: DEMO_USERS.map(({ email, password, name, role }) => ({ email, password, name, role })) };
  }
}
