import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { HealthController } from '../../../src/platform/health/health.controller.js';

/** Returns the type that a YAML document must match, chosen by its field names. */
function typeOf(document: object): string {
  if ('apiVersion' in document && 'kind' in document) {
    const { apiVersion, kind } = document as Record<string, string>;
    return `import('kubernetes-types/${apiVersion === 'v1' ? 'core/v1' : apiVersion}.d.ts').${kind}`;
  }
  if ('scrape_configs' in document) return 'PrometheusConfiguration';
  return "Partial<import('kubernetes-types/core/v1.d.ts').Container>";
}

/** Types of the Prometheus settings that the docs use: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
const PROMETHEUS = `interface PrometheusConfiguration {
  scrape_configs: readonly {
    job_name: string;
    authorization?: { type?: string; credentials: string } | { type?: string; credentials_file: string };
    static_configs: readonly { targets: readonly string[]; labels?: Record<string, string> }[];
  }[];
}`;

/** Returns the documents of a block. @throws Error if they are not valid YAML */
export function documentsOf(code: string): object[] {
  return parseAllDocuments(code).map((document) => {
    for (const error of [...document.errors, ...document.warnings]) throw error;
    const value: unknown = document.toJS();
    if (typeof value !== 'object' || value === null) throw new Error(`This is not an object: ${JSON.stringify(value)}`);
    return value;
  });
}

/** Returns the documents as TypeScript, which compiles if their reader knows every field. */
export function asTypeScript(code: string): string {
  const constants = documentsOf(code).map(
    (document, index) => `export const document${index}: ${typeOf(document)} = ${JSON.stringify(document, null, 2)};`,
  );
  return [PROMETHEUS, ...constants].join('\n');
}

const routes: readonly string[] = Object.getOwnPropertyNames(HealthController.prototype).flatMap((name) => {
  const method: unknown = Reflect.get(HealthController.prototype, name);
  const path: unknown = typeof method === 'function' ? Reflect.getMetadata('path', method) : undefined;
  return typeof path === 'string' ? [`/${String(Reflect.getMetadata('path', HealthController))}/${path}`] : [];
});

const variables = readFileSync('.env.example', 'utf8');
const [, port] = /^PORT=(\d+)$/m.exec(variables)!;

/** Returns all values under this name, at any depth. */
function under(name: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...(key === name ? [inner] : []), ...under(name, inner)]);
}

/** Returns the paths, ports, variables and files of a document that the platform does not have. */
export function unknownNamesIn(document: object): string[] {
  const problems: string[] = [];
  const ports = under('ports', document).flat() as { name?: string; containerPort?: number; targetPort?: string }[];
  const known = [Number(port), ...ports.flatMap(({ name, containerPort }) => (containerPort ? [name] : []))];
  for (const probe of under('httpGet', document) as { path: string; port: number | string }[]) {
    if (!routes.includes(probe.path)) problems.push(`the platform does not serve ${probe.path}`);
    if (!known.includes(probe.port)) problems.push(`nothing listens on ${probe.port}`);
  }
  for (const { containerPort } of ports) {
    if (containerPort !== undefined && String(containerPort) !== port) problems.push(`PORT is not ${containerPort}`);
  }
  for (const { name } of under('env', document).flat() as { name: string }[]) {
    if (!new RegExp(`^#? ?${name}=`, 'm').test(variables)) problems.push(`unknown variable ${name}`);
  }
  for (const [program, file] of under('command', document) as string[][]) {
    if (program === 'node' ? !existsSync(file!.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')) : program !== 'sleep') {
      problems.push(`there is nothing to run as ${program} ${file}`);
    }
  }
  for (const target of under('targets', document).flat() as string[]) {
    if (!target.endsWith(`:${port}`)) problems.push(`PORT is not that of ${target}`);
  }
  return problems;
}
