import { Injectable, Module } from '@nestjs/common';
import { RealtimeAudit, type AuditEntry } from '../../../src/realtime/index.js';

/** Keeps what the application receives as its audit. */
@Injectable()
export class AuditBook extends RealtimeAudit {
  readonly entries: AuditEntry[] = [];

  override record(entry: AuditEntry): void {
    this.entries.push(entry);
  }
}

@Module({ providers: [{ provide: RealtimeAudit, useClass: AuditBook }] })
export class AuditModule {}
