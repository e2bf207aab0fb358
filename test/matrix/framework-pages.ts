import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blocksOf } from '../docs/support/blocks.js';
import { finish, readJson } from '../package/installed.js';

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

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

/** Releases of Angular, and the release of TypeScript that each needs. */
const ANGULAR = { '20': '~5.9.0', '21': '~5.9.0', '22': '~6.0.0' };

export type AngularRelease = keyof typeof ANGULAR;

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

/** The application in `examples`, with this release of Angular. */
export async function makeAngularPage(page: string, client: string, release: AngularRelease): Promise<void> {
  await cp('examples/angular', page, { recursive: true });
  const manifest = await readJson<Manifest>(join(page, 'package.json'));
  for (const packages of [manifest.dependencies, manifest.devDependencies]) {
    for (const name of Object.keys(packages)) if (name.startsWith('@angular/')) packages[name] = `^${release}.0.0`;
  }
  manifest.devDependencies['typescript'] = ANGULAR[release];
  await writeFile(join(page, 'package.json'), JSON.stringify(manifest));
  await finish('npm', ['install', ...QUIETLY, client], page);
}

/** Path of the built page of Angular, in its folder. */
export const ANGULAR_BUILT = 'dist/browser';

function codeOf(doc: string, language: string): string[] {
  return blocksOf(doc)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
}
