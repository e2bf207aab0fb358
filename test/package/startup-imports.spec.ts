import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** `import … from` and `export … from` that are left after compilation. */
const STATIC_IMPORT = /^(?:import|export)\s(?!type\b)(?:[^'";]*?\bfrom\s*)?'([^']+)'/gm;

/** Returns the packages that are loaded with this file: those that its static imports reach. */
function packagesLoadedWith(entry: string): Map<string, string> {
  const packages = new Map<string, string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(STATIC_IMPORT)) {
      if (name!.startsWith('.')) visit(resolve(dirname(file), name!.replace(/\.js$/, '.ts')));
      else if (!name!.startsWith('node:')) packages.set(/^(?:@[^/]+\/)?[^/]+/.exec(name!)![0], file);
    }
  };
  visit(resolve(entry));
  return packages;
}

describe('the start of an application', () => {
  it('loads only the packages that every application with the module needs', () => {
    // Packages for some applications are imported where they are used: ioredis, jose, @nestjs/swagger.
    expect([...packagesLoadedWith('src/realtime/index.ts').keys()].toSorted()).toEqual([
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/jwt',
      '@nestjs/websockets',
      '@opentelemetry/api',
      'class-transformer',
      'class-validator',
      'class-validator-jsonschema',
      'ipaddr.js',
      'proxy-addr',
      'reflect-metadata',
      'rxjs',
      'ws',
    ]);
  });

  it('loads no database and no certificate generator with the platform', () => {
    const packages = [...packagesLoadedWith('src/main.ts').keys()];
    expect(packages).toContain('@nestjs/core');
    for (const name of ['@electric-sql/pglite', 'pg', 'selfsigned', 'ioredis']) expect(packages).not.toContain(name);
  });
});
