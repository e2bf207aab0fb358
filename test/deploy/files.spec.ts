import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ResolvedRealtimeOptions } from '../../src/realtime/options/realtime-options.js';
import { blocksOf } from '../docs/support/blocks.js';
import { configTestOf } from '../docs/support/nginx.js';
import { compile, problemText } from '../support/compile.js';
import { asTypeScript, documentsOf, unknownNamesIn } from '../docs/support/yaml.js';

interface Service {
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}

const read = (path: string): string => readFileSync(path, 'utf8');
const VARIABLES = new Set([...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name));
const compose = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const inProfile = (profile?: string): string[] =>
  services.filter(([, { profiles }]) => profiles?.[0] === profile).map(([name]) => name);

describe('compose.yaml', () => {
  it('starts Redis and Postgres for developers, and the platform on request', () => {
    expect(inProfile()).toEqual(['redis', 'postgres']);
    expect(inProfile('nginx')).toEqual(['nginx-dev']);
    expect(inProfile('platform')).toEqual(['api-1', 'api-2', 'nginx', 'prometheus', 'grafana']);
  });

  it('sets only variables that the platform knows', () => {
    const names = ['api-1', 'api-2'].flatMap((name) => Object.keys(compose.services[name]!.environment!));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !VARIABLES.has(name))).toEqual([]);
  });

  it('mounts files that exist', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]!));
    const files = mounted.filter((source) => source.startsWith('./'));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('publishes ports to this machine only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(5);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('has an instance for each target of nginx and Prometheus', () => {
    const hosts = (text: string): string[] => [...text.matchAll(/\b(api-\d):8888/g)].map(([, host]) => host!);
    const instances = inProfile('platform').filter((name) => name.startsWith('api-'));
    expect(hosts(read('deploy/nginx.conf'))).toEqual(instances);
    expect(hosts(read('deploy/prometheus.yml'))).toEqual(instances);
  });
});

describe('the Dockerfiles', () => {
  const ofDocs = blocksOf('docs/deployment.md').find(({ language }) => language === 'dockerfile')!.code;

  it.each([
    ['Dockerfile', read('Dockerfile')],
    ['docs/deployment.md', ofDocs],
  ])('%s: Node is process 1, without rights, and the check asks for liveness', (_, text) => {
    const last = text.split(/^FROM /m).at(-1)!;
    expect(last).toMatch(/^CMD \["node", "dist\/main\.js"\]$/m);
    expect(last).toMatch(/^USER 1000:1000$/m);
    expect(last).toMatch(/^HEALTHCHECK .*\\\n {2}CMD \["node", "-e", ".*\/health\/live/m);
    expect(last).not.toMatch(/^RUN npm/m);
  });

  it('drain within the time that Compose waits', () => {
    const grace = Number(/stop_grace_period: (\d+)s/.exec(read('compose.yaml'))![1]);
    const { drainDelayMs, reconnectSpreadMs, closeTimeoutMs } = new ResolvedRealtimeOptions();
    expect(grace * 1_000).toBeGreaterThan(drainDelayMs + reconnectSpreadMs + closeTimeoutMs + 5_000);
  });
});

describe('the nginx configurations', () => {
  it.each(['deploy/nginx.conf', 'deploy/nginx-dev.conf'])('%s is accepted by nginx', async (path) => {
    const [, http] = /^http \{\n(.*)^\}/ms.exec(read(path))!;
    const here = http!
      .replaceAll(/server [\w.-]+:/g, 'server 127.0.0.1:')
      .replace('listen 80;', 'listen 127.0.0.1:18080;');
    expect(await configTestOf(here)).toContain('test is successful');
  });

  it('keep the settings that docs/scaling.md explains', () => {
    const { code } = blocksOf('docs/scaling.md').find(({ language }) => language === 'nginx')!;
    const settings = [...code.matchAll(/least_conn|max_fails=0|proxy_next_upstream[^;]*|proxy_read_timeout[^;]*/g)];
    expect(settings.length).toBe(5);
    for (const path of ['deploy/nginx.conf', 'deploy/nginx-dev.conf'])
      for (const [setting] of settings) expect(read(path)).toContain(setting);
  });
});

describe('deploy/kubernetes.yaml', () => {
  const documents = documentsOf(read('deploy/kubernetes.yaml'));

  it('has only fields that Kubernetes has, with the right types', () => {
    const yaml = read('deploy/kubernetes.yaml');
    const mistaken = yaml.replace('maxReplicas', 'maxReplica');
    const problems = compile([
      { name: 'kubernetes.ts', code: asTypeScript(yaml) },
      { name: 'mistaken.ts', code: asTypeScript(mistaken) },
    ]);
    expect(problems.map(problemText)).toEqual([expect.stringMatching(/^mistaken\.ts .*maxReplica/s)]);
  });

  it('names only paths, ports and variables of the platform', () => {
    expect(documents.map((document) => (document as { kind: string }).kind)).toEqual([
      ...['Deployment', 'Service', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'],
    ]);
    expect(documents.flatMap(unknownNamesIn)).toEqual([]);
  });

  it('scales by a metric that exists', () => {
    const dashboard = read('docs/operations/grafana-dashboard.json');
    const [, metric] = /metric: \{ name: (\w+) \}/.exec(read('deploy/kubernetes.yaml'))!;
    expect(dashboard).toContain(metric);
  });
});
