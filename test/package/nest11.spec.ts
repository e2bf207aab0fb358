import { readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { bin, compileNatively, finish, installed, packagesNeeded, readJson } from './installed.js';
import { pack } from './pack.js';
import { liveOf, RECEIVED, specOf } from './orders-app.js';

/** Nest 11, installed by `npm ci` for this spec. Other packages come from the `node_modules` of the repository. */
const NEST_11 = 'test/package/nest11/node_modules';

/** The file that `nest new` of Nest 11 writes. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    target: 'es2023',
    esModuleInterop: true,
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    strict: true,
    skipLibCheck: true,
    types: ['node', 'jest'],
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};

describe('a CommonJS application of Nest 11', () => {
  let root: string;

  beforeAll(async () => {
    root = await makeTemporaryDirectory();
    const { server, client } = await pack();
    const beside = ['@nestjs/platform-express', '@nestjs/testing', '@types/jest', '@types/node'];
    const files = {
      'package.json': JSON.stringify({ name: 'orders', private: true }),
      'tsconfig.json': JSON.stringify(TSCONFIG),
      'src/orders.spec.ts': specOf(['express']),
      'src/live.ts': liveOf(['express']),
    };
    const packages = [...(await packagesNeeded()), ...beside];
    await installed(root, [server, client], packages, files, [NEST_11, 'node_modules']);
    await compileNatively(root);
  }, 300_000);
  afterAll(() => removeDirectory(root));

  it('compiles against Nest 11 and the types of the CommonJS build', async () => {
    expect(await readJson(join(root, 'node_modules/@nestjs/core/package.json'))).toMatchObject({
      version: expect.stringMatching(/^11\./) as string,
    });
    expect(await finish('grep', ['-c', 'require("nestjs-realtime")', 'dist/live.js'], root)).toBe('1\n');
  });

  it('receives events under Node, which loads the ES modules', async () => {
    expect(await finish(process.execPath, ['dist/live.js'], root)).toBe(RECEIVED);
  });

  it('receives events in a stock Jest, which loads the CommonJS build', async () => {
    await writeFile(join(root, 'jest.config.json'), '{ "rootDir": "dist", "testEnvironment": "node" }');
    const jest = [bin('jest/bin/jest.js'), '--config', 'jest.config.json', '--json'];
    expect(JSON.parse(await finish(process.execPath, jest, root))).toMatchObject({ numPassedTests: 1, success: true });
  }, 120_000);

  it('does not start with a package of another release of Nest, and names the one to install', async () => {
    const link = join(root, 'node_modules/@nestjs/platform-ws');
    const linked = await readlink(link);
    await unlink(link);
    await symlink(resolve('node_modules/@nestjs/platform-ws'), link);
    await expect(finish(process.execPath, ['dist/live.js'], root)).rejects.toThrow(
      /@nestjs\/platform-ws 12\.\S+ does not belong to @nestjs\/core 11\.\S+ Run npm install @nestjs\/platform-ws@11/,
    );
    await unlink(link);
    await symlink(linked, link);
  });
});
