import { randomBytes } from 'node:crypto';
import { InstanceDirectory } from '../../cluster/instances/instance-directory.js';

/** Directory of a single instance. */
export class MemoryInstanceDirectory extends InstanceDirectory {
  override readonly id = randomBytes(8).toString('hex');
  override readonly isAlone = true;
  override readonly registrations = 1;
  private report: string | null = null;

  override onReachable(): void {
    // Always reachable.
  }

  override async announce(report: string): Promise<void> {
    this.report = report;
  }

  override async all(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.report === null ? [] : [[this.id, this.report]]);
  }

  override async living(instances: Iterable<string>): Promise<ReadonlySet<string>> {
    return new Set([...instances].filter((id) => id === this.id));
  }

  override async leave(): Promise<void> {
    this.report = null;
  }
}
