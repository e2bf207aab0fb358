import { Injectable } from '@nestjs/common';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { decode, encode } from '../../schemas/schema.js';
import { InstanceDirectory } from './instance-directory.js';
import type { InstanceReport } from './instance-report.js';
import { Lease } from './lease.js';
import { instanceReportSchema } from './report-schemas.js';

/** How far the clocks of two instances are allowed to differ, in milliseconds. */
const CLOCK_LEEWAY_MS = 300_000;

/** The reports in the directory of instances, authenticated with `clusterKeys` if there are any. */
@Injectable()
export class InstanceReports {
  constructor(
    private readonly directory: InstanceDirectory,
    private readonly lease: Lease,
    private readonly seal: ClusterSeal,
    private readonly foreign: ForeignData,
  ) {}

  /** Registers this instance, or renews its lease. @throws RealtimeUnavailableError */
  async announce(report: InstanceReport): Promise<void> {
    const { id } = this.directory;
    await this.directory.announce(this.seal.seal(purposeOf(id), encode(instanceReportSchema, report)));
  }

  /** Returns the reports of all live instances by id; one that no instance wrote is skipped. @throws RealtimeUnavailableError */
  async all(): Promise<ReadonlyMap<string, InstanceReport>> {
    const reports = new Map<string, InstanceReport>();
    for (const [instance, sealed] of await this.directory.all()) {
      try {
        reports.set(instance, this.open(instance, sealed));
      } catch (error) {
        this.foreign.skipped('A report in the directory of instances', error);
      }
    }
    return reports;
  }

  /** @throws Error if it is not a report; with `clusterKeys` also if this instance did not send it, or sent it long ago */
  private open(instance: string, sealed: string): InstanceReport {
    const report = decode(instanceReportSchema, this.seal.open(purposeOf(instance), sealed));
    const isCurrent = Math.abs(Date.now() - report.health.seenAt) <= CLOCK_LEEWAY_MS + this.lease.leaseMs;
    if (this.seal.hasKey && !isCurrent) {
      throw new Error('it is too old or in the future: check the clocks of the instances');
    }
    return report;
  }
}

/** Contains the id, so that a sealed report is not valid for another instance. */
function purposeOf(instance: string): string {
  return `instance ${instance}`;
}
