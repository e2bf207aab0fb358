import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { blocksOf, TUTORIAL } from '../docs/support/blocks.js';
import { commandsOf } from '../docs/support/shell.js';
import { bin, compileNatively, finish, installed, packagesNeeded, readJson } from '../package/installed.js';
import { pack } from '../package/pack.js';
import { Child } from '../support/child.js';
import { launchChromium } from '../support/chromium.js';
import { TEST_SECRET } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { NEST_FILES, NEST_PACKAGES, VITE_FILES, VITE_PACKAGES } from './stock-projects.js';

const API = 'http://localhost:3000';

/** Returns the files of the page: each TypeScript block begins with its path. */
function filesOf(folder: 'src' | 'web', port: number): Record<string, string> {
  const files = blocksOf(TUTORIAL)
    .filter(({ language }) => language === 'ts' || language === 'tsx')
    .map(({ code, name }) => {
      const [, path] = /^\/\/ ((?:src|web)\/\S+)\n/.exec(code) ?? [];
      if (path === undefined) throw new Error(`${name} does not begin with the path of a file`);
      return [path, code.replace(API, `http://localhost:${port}`)] as const;
    });
  return Object.fromEntries(
    files
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([path, code]) => [folder === 'web' ? path.slice('web/'.length) : path, code]),
  );
}

/** Returns the packages that the tutorial installs besides the tarballs: for the application, and for its page. */
async function packagesOfThePage(): Promise<[string[], string[]]> {
  const { version } = await readJson<{ version: string }>('package.json');
  const commands = blocksOf(TUTORIAL)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => commandsOf(code))
    .filter(([program, verb]) => program === 'npm' && verb === 'install');
  expect(commands.map(([, , tarball]) => tarball)).toEqual([
    `../nestjs-realtime-${version}.tgz`,
    `../../nestjs-realtime-client-${version}.tgz`,
  ]);
  const [shop, web] = commands.map(([, , , ...packages]) => packages);
  return [shop!, web!];
}

describe('the tutorial', () => {
  let home: string;
  let shop: string;
  let web: string;
  let port: number;
  const running: Child[] = [];
  let browser: Browser | undefined;

  const start = async (args: string[], cwd: string, sign: string, env: NodeJS.ProcessEnv = {}): Promise<void> => {
    const { PATH, HOME } = process.env;
    const child = new Child(process.execPath, args, { cwd, env: { PATH, HOME, ...env } });
    running.push(child);
    await child.said(sign, 60_000);
  };

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('dist/main.js is missing: run "npm run build" first');
    home = await makeTemporaryDirectory();
    [shop, web] = [join(home, 'shop'), join(home, 'shop/web')];
    port = await freePort();
    const [packages, pagePackages] = await packagesOfThePage();
    const { server, client } = await pack();
    await mkdir(web, { recursive: true });
    await installed(shop, [server], [...(await packagesNeeded()), ...NEST_PACKAGES, ...packages], {
      ...NEST_FILES,
      ...filesOf('src', port),
    });
    await installed(web, [client], [...VITE_PACKAGES, ...pagePackages], { ...VITE_FILES, ...filesOf('web', port) });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    for (const child of running) await child.stop('SIGKILL');
    await removeDirectory(home);
  }, 60_000);

  it('compiles, the application and its page', async () => {
    await compileNatively(shop);
    await compileNatively(web);
    expect(existsSync(join(shop, 'dist/main.js'))).toBe(true);
  }, 120_000);

  it('passes its test', async () => {
    const jest = ['--experimental-vm-modules', bin('jest/bin/jest.js'), '--config', 'jest.config.json', '--json'];
    const outcome = JSON.parse(await finish(process.execPath, jest, shop)) as unknown;
    expect(outcome).toMatchObject({ success: true, numPassedTests: 3, numTotalTests: 3 });
  }, 120_000);

  it('shows the change of an order to its customer and to the staff, and the margin to the staff only', async () => {
    await start(['dist/main.js'], shop, 'successfully started', { PORT: String(port), JWT_SECRET: TEST_SECRET });
    const pagePort = await freePort();
    const vite = [bin('vite/bin/vite.js'), '--port', String(pagePort), '--strictPort'];
    await start(vite, web, 'ready in', { NO_COLOR: '1' });
    browser = await launchChromium();
    const open = async (query: string): Promise<Page> => {
      const page = await browser!.newPage();
      await page.goto(`http://localhost:${pagePort}/${query}`);
      await page.getByText('connected').waitFor();
      await page.getByText('Order 1: paid').waitFor();
      return page;
    };
    const ada = await open('');
    const grace = await open('?user=grace');
    await ada.getByRole('button', { name: 'Ship' }).click();
    await grace.getByText('Order 1: shipped (margin 40)').waitFor();
    await ada.getByText('Order 1: shipped').waitFor();
    expect(await ada.textContent('main')).not.toContain('margin');
    const eve = await fetch(`http://localhost:${pagePort}/token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"user":"eve"}',
    });
    expect(eve.status).toBe(401);
  }, 120_000);
});
