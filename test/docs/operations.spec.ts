import { readFileSync } from 'node:fs';
import { METRICS } from '../../src/realtime/monitoring/metric-catalogue.js';
import type { MetricDefinition } from '../../src/realtime/monitoring/metric-definition.js';

const operations = readFileSync('docs/operations.md', 'utf8');

const KINDS = { counter: 'counter', upDown: 'up-down counter', gauge: 'gauge', histogram: 'histogram' } as const;

describe('docs/operations.md', () => {
  it('lists exactly the metrics of the catalogue, with kind, unit, meaning and attributes', () => {
    const section = operations.split('\n## Metrics\n')[1]!.split('\n### ')[0]!;
    const rows = section.split('\n').filter((line) => line.startsWith('|'));
    const cells = rows.slice(2).map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    const expected = Object.values(METRICS as Record<string, MetricDefinition>).map((metric) => [
      `\`${metric.name}\``,
      KINDS[metric.kind],
      `\`${metric.unit}\``,
      metric.description,
      (metric.attributes ?? []).map((attribute) => `\`${attribute}\``).join(', '),
    ]);
    expect(cells).toEqual(expected);
  });
});
