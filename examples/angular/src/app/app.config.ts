import { inject, provideZonelessChangeDetection, type ApplicationConfig } from '@angular/core';
import { provideRealtime } from 'nestjs-realtime-client/angular';
import 'nestjs-realtime-client/platform-events';
import { Session } from './session';

export const appConfig: ApplicationConfig = {
  providers: [
    provideZonelessChangeDetection(),
    provideRealtime(() => ({ url: '/ws', getToken: inject(Session).getToken })),
  ],
};
