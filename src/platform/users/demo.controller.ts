import { Controller, Get, NotFoundException } from '@nestjs/common';
import { PlatformConfig } from '../config/platform-config.js';
import { DEMO_USERS } from './first-users.service.js';

/** Tells the live page who can sign in; without demo users the path does not exist. */
@Controller('api/demo')
export class DemoController {
  constructor(private readonly config: PlatformConfig) {}

  @Get()
  demo(): { users: { email: string; password: string; name: string; role: string }[] } {
    if (!this.config.demoUsers) throw new NotFoundException('There are no demo users here');
    return { users: DEMO_USERS.map(({ email, password, name, role }) => ({ email, password, name, role })) };
  }
}
