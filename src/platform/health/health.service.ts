import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { RealtimeHealth } from '../../realtime/index.js';
import { Database } from '../database/database.js';

export interface Health {
  /** `ok` if this instance can serve requests. */
  readonly status: 'ok' | 'draining' | 'unavailable';
  readonly database: 'ok' | 'unavailable';
  /** `ok` if events can be published and tokens can be verified. */
  readonly realtime: 'ok' | 'unavailable';
}

/** Timeout for the database, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Checks whether this instance can serve requests. */
@Injectable()
export class HealthService {
  constructor(
    private readonly database: Database,
    private readonly realtime: RealtimeHealth,
  ) {}

  async check(): Promise<Health> {
    const database = (await this.databaseAnswers()) ? 'ok' : 'unavailable';
    const { status, broker, tokens } = this.realtime.check();
    const realtime = broker === 'up' && tokens === 'up' ? 'ok' : 'unavailable';
    if (status === 'draining') return { status, database, realtime };
    return { status: database === 'ok' ? status : 'unavailable', database, realtime };
  }

  private async databaseAnswers(): Promise<boolean> {
    const answers = this.database.query('select 1').then(
      () => true,
      () => false,
    );
    return Promise.race([answers, delay(PATIENCE_MS, false, { ref: false })]);
  }
}
