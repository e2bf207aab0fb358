import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finish } from '../package/installed.js';
import type { Tarballs } from '../package/pack.js';

const MAIN = `
require('reflect-metadata');
const { RealtimeModule } = require('nestjs-realtime');
RealtimeModule.forRoot({ jwt: { secret: 'a secret for this test alone, long enough' } });
`;

/** Installs the package with a release of Nest outside its peer range, as `--legacy-peer-deps` does. */
export async function makeRefusedProject(
  root: string,
  release: string,
  jwt: string,
  { server }: Tarballs,
): Promise<void> {
  await mkdir(root);
  await writeFile(join(root, 'package.json'), '{ "name": "refused", "private": true }');
  await writeFile(join(root, 'main.cjs'), MAIN);
  const numbered = ['common', 'core', 'websockets', 'platform-ws'].map((name) => `@nestjs/${name}@${release}`);
  const others = [`@nestjs/jwt@${jwt}`, 'reflect-metadata@0.2', 'rxjs@7', 'class-validator', 'class-transformer'];
  const quietly = ['--no-audit', '--no-fund', '--prefer-offline', '--legacy-peer-deps'];
  await finish('npm', ['install', ...quietly, ...numbered, ...others, server.path], root);
}

/** @throws Error unless the application stops with a message that names the installed and the lowest supported release */
export async function checkRefusedProject(
  root: string,
  release: string,
  lowest: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const said = await finish('node', ['main.cjs'], root, env).catch((error: Error) => error.message);
  const sentence = `RealtimeModule: @nestjs/core ${release} is too old. Install Nest ${lowest} or later`;
  if (!said.includes(sentence)) throw new Error(`the application did not stop with "${sentence}", but said: ${said}`);
}
