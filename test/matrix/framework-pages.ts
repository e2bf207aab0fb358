import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { blocksOf } from '../docs/support/blocks.js';
import { finish } from '../package/installed.js';

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

/** The last release that runs on Node 20. */
const ANGULAR = '21';

const NEXT_LAYOUT = `
import type { ReactNode } from 'react';
import { Realtime } from './realtime';

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Realtime>{children}</Realtime>
      </body>
    </html>
  );
}
`;

const NEXT_PAGE = `
import { NewApps } from './new-apps';

export default function Page() {
  return <NewApps />;
}
`;

/** A page of Next with the components of its guide, exported as files */
export async function makeNextPage(page: string, client: string): Promise<void> {
  const [provider, list] = codeOf('docs/frameworks/next.md', 'tsx');
  await mkdir(join(page, 'app'), { recursive: true });
  const files = {
    'package.json': '{ "name": "page", "private": true, "scripts": { "build": "next build" } }',
    'next.config.mjs': "export default { output: 'export', distDir: 'dist' };",
    '.env': 'NEXT_PUBLIC_REALTIME_URL=/ws\nNEXT_TELEMETRY_DISABLED=1',
    'app/layout.tsx': NEXT_LAYOUT,
    'app/page.tsx': NEXT_PAGE,
    'app/realtime.tsx': provider!,
    'app/new-apps.tsx': list!,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(page, name), text);
  const packages = ['next', 'react', 'react-dom', 'typescript@5', '@types/react', '@types/node@20'];
  await finish('npm', ['install', ...QUIETLY, ...packages, client], page);
}

const ANGULAR_APP = `
import { Component } from '@angular/core';
import { injectEvents } from 'nestjs-realtime-client/angular';

@Component({
  selector: 'app-root',
  template: '<ol>@for (app of apps(); track app.id) { <li>{{ app.data.name }}</li> }</ol>',
})
export class App {
  protected readonly apps = injectEvents('apps:created');
}
`;

/** A page as `ng new` makes it, with the providers of its guide. */
export async function makeAngularPage(page: string, client: string): Promise<void> {
  const create = ['--yes', `--package=@angular/cli@${ANGULAR}`, '--', 'ng', 'new', basename(page)];
  const plain = ['--defaults', '--minimal', '--skip-git', '--skip-install', '--style=css', '--ssr=false'];
  const env = { ...process.env, NG_CLI_ANALYTICS: 'false' };
  await finish('npm', ['exec', ...create, ...plain], dirname(page), env);
  const manifest = join(page, 'package.json');
  // The packages of a release are not published at the same moment.
  await writeFile(
    manifest,
    (await readFile(manifest, 'utf8')).replaceAll(new RegExp(`"\\^${ANGULAR}[^"]+"`, 'g'), `"^${ANGULAR}"`),
  );
  await finish('npm', ['install', ...QUIETLY], page);
  await finish('npm', ['install', ...QUIETLY, client], page);
  await writeFile(join(page, 'src/app/app.config.ts'), codeOf('docs/frameworks/angular.md', 'ts')[0]!);
  await writeFile(join(page, 'src/app/app.ts'), ANGULAR_APP);
}

/** Path of the built page of Angular, in its folder. */
export const ANGULAR_BUILT = 'dist/page/browser';

function codeOf(doc: string, language: string): string[] {
  return blocksOf(doc)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
}
