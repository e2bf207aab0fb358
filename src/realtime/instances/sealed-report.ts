import type { ClusterSeal } from '../auth/cluster-seal.js';
import { decode, encode } from '../schemas/schema.js';
import type { InstanceReport } from './instance-report.js';
import { instanceReportSchema } from './report-schemas.js';

/** How far the clocks of two instances are allowed to differ, in milliseconds. */
const CLOCK_LEEWAY_MS = 300_000;

/** Encodes a report for the directory, authenticated with `clusterKeys` if there are any. */
export function sealReport(seal: ClusterSeal, instance: string, report: InstanceReport): string {
  return seal.seal(purposeOf(instance), encode(instanceReportSchema, report));
}

/**
 * Decodes a report from the directory.
 * @param leaseMs the time for which a report can be stored
 * @throws Error if it is not a report; with `clusterKeys` also if this instance did not send it, or sent it long ago
 */
export function openReport(seal: ClusterSeal, instance: string, sealed: string, leaseMs: number): InstanceReport {
  const report = decode(instanceReportSchema, seal.open(purposeOf(instance), sealed));
  const isCurrent = Math.abs(Date.now() - report.health.seenAt) <= CLOCK_LEEWAY_MS + leaseMs;
  if (seal.hasKey && !isCurrent) {
    throw new Error('it is too old or in the future: check the clocks of the instances');
  }
  return report;
}

/** Contains the id, so that a sealed report is not valid for another instance. */
function purposeOf(instance: string): string {
  return `instance ${instance}`;
}
