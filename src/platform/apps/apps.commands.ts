import { Caller, Command, Input, RealtimeCommands, type Principal } from '../../realtime/index.js';
import { RenameAppDto } from './app.dto.js';
import type { App } from './app.js';
import { AppsService } from './apps.service.js';

/** Commands of the live page. They do the same as the REST routes, with the same rules. */
@RealtimeCommands()
export class AppsCommands {
  constructor(private readonly apps: AppsService) {}

  @Command('apps.rename')
  rename(@Input() { id, name }: RenameAppDto, @Caller() caller: Principal): Promise<App> {
    return this.apps.update(id, { name }, caller);
  }
}
