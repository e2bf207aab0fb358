import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

const run = promisify(execFile);
const guide = readFileSync('docs/scaling.md', 'utf8');
const block = (language: string): string => new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(guide)![1]!;

/** Debian puts it where only root looks. */
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path));

/** What nginx says of a configuration whose `http` holds this. @throws with what it says, where it refuses */
async function judged(http: string): Promise<string> {
  if (NGINX === undefined) throw new Error('This test needs nginx: install it with "apt-get install nginx-light"');
  const directory = await makeTemporaryDirectory();
  try {
    const file = join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const paths = temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n');
    await writeFile(file, `pid ${directory}/pid;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${http}\n}\n`);
    return (await run(NGINX, ['-t', '-p', directory, '-e', 'stderr', '-c', file])).stderr;
  } finally {
    await removeDirectory(directory);
  }
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Deployment {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly ports: readonly [{ readonly name: string }];
            readonly readinessProbe: Probe;
            readonly livenessProbe: Probe;
            readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
            readonly env: readonly { readonly name: string }[];
          },
        ];
      };
    };
  };
}

describe('docs/scaling.md', () => {
  it('shows a configuration that nginx accepts, and it would not with a mistake in it', async () => {
    const conf = block('nginx').replace('listen 80;', 'listen 127.0.0.1:18080;'); // `-t` binds no port, but asks for one that may be
    expect(await judged(conf)).toContain('test is successful');
    await expect(judged(conf.replace('proxy_http_version', 'proxy_http_versions'))).rejects.toThrow(
      'unknown directive',
    );
  }, 60_000);

  it('shows a deployment that is ready, lives and drains by what the platform serves', () => {
    const documents = parseAllDocuments(block('yaml'));
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const [deployment, service] = documents.map((document): unknown => document.toJS()) as [
      Deployment,
      { spec: { selector: object; ports: [{ targetPort: string }] } },
    ];
    const { template, selector } = deployment.spec;
    const [container] = template.spec.containers;
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    expect(service.spec.selector).toEqual(selector.matchLabels);
    expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect([container.ports[0].name, service.spec.ports[0].targetPort]).toEqual(['http', 'http']);
    const [command, seconds] = container.lifecycle.preStop.exec.command;
    expect(command).toBe('sleep');
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 20);
    const known = readFileSync('.env.example', 'utf8');
    for (const { name } of container.env) expect(known).toMatch(new RegExp(`^#? ?${name}=`, 'm'));
  });
});
