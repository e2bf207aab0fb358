import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import { blocksOf } from './support/blocks.js';
import { documentsOf } from './support/yaml.js';

describe('docs/scaling.md', () => {
  it('shows a deployment whose service and probes match, with enough time to drain', () => {
    const yaml = blocksOf('docs/scaling.md').find(({ language }) => language === 'yaml')!;
    const [deployment, service] = documentsOf(yaml.code) as [Deployment, Service];
    const { template, selector } = deployment.spec!;
    const [container] = template.spec!.containers;
    expect(template.metadata!.labels).toEqual(selector.matchLabels);
    expect(service.spec!.selector).toEqual(selector.matchLabels);
    expect(service.spec!.ports!.map(({ targetPort }) => targetPort)).toEqual(container!.ports!.map(({ name }) => name));
    expect(container!.readinessProbe!.httpGet).toEqual({ path: '/health/ready', port: 'http' });
    expect(container!.livenessProbe!.httpGet).toEqual({ path: '/health/live', port: 'http' });
    const [command, seconds] = container!.lifecycle!.preStop!.exec!.command!;
    expect(command).toBe('sleep');
    expect(template.spec!.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 20);
  });
});
