import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { AuthService, RealtimeServer, RedisBridge } from '../../realtime/index.js';
import { Database } from '../database/database.js';

export interface Health {
  /** `ok` when requests should be sent here. */
  readonly status: 'ok' | 'draining' | 'unavailable';
  readonly database: 'ok' | 'unavailable';
  /** Whether events go through, and tokens can be verified. */
  readonly realtime: 'ok' | 'unavailable';
}

/** How long the database may take to answer, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Whether this instance can do its work. */
@Injectable()
export class HealthService {
  constructor(
    private readonly database: Database,
    private readonly server: RealtimeServer,
    private readonly bridge: RedisBridge,
    private readonly auth: AuthService,
  ) {}

  async check(): Promise<Health> {
    const database = (await this.databaseAnswers()) ? 'ok' : 'unavailable';
    const realtime = this.bridge.status.up && this.auth.status.up ? 'ok' : 'unavailable';
    if (this.server.draining) return { status: 'draining', database, realtime };
    return { status: database === 'ok' ? realtime : 'unavailable', database, realtime };
  }

  private async databaseAnswers(): Promise<boolean> {
    const timer = new AbortController();
    const tooLate = delay(PATIENCE_MS, false, { signal: timer.signal }).catch(() => false);
    const answers = this.database.query('select 1').then(
      () => true,
      () => false,
    );
    try {
      return await Promise.race([answers, tooLate]);
    } finally {
      timer.abort();
    }
  }
}
