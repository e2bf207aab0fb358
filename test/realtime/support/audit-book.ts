import { Injectable, Module } from '@nestjs/common';
import { RealtimeAudit, type AuditEntry } from '../../../src/realtime/index.js';

/** Records the audit entries that the application receives. */
@Injectable()
export class AuditBook extends RealtimeAudit {
  readonly entries: AuditEntry[] = [];

  override record(entry: AuditEntry): void {
    this.entries.push(entry);
  }
}

@Module({ providers: [{ provide: RealtimeAudit, useClass: AuditBook }] })
export class AuditModule {}
