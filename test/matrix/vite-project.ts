import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finish, readJson } from '../package/installed.js';
import type { Tarballs } from '../package/pack.js';

/** A frontend as `create-vite` makes it, tested with this runner. */
export interface ViteProject {
  readonly runner: 'vitest@4' | 'vitest@5' | 'jest@30';
}

interface Manifest {
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
  jest?: object;
}

const EVENTS = `
declare module 'nestjs-realtime-client' {
  interface RealtimeEvents {
    'orders:paid': { total: number };
  }
}
export {};
`;

const APP = `
import './events';
import { createRealtimeClient } from 'nestjs-realtime-client';
import { RealtimeProvider, useEvents } from 'nestjs-realtime-client/react';

function Orders() {
  return <ol>{useEvents('orders:paid').map(({ id, data }) => <li key={id}>{data.total.toFixed(2)}</li>)}</ol>;
}

const client = createRealtimeClient({ url: '/ws' });
export default function App() {
  return (
    <RealtimeProvider client={client}>
      <Orders />
    </RealtimeProvider>
  );
}
`;

const specOf = (globals: string): string => `
import './events';
import { expect, it } from '${globals}';
import { createRealtimeClient } from 'nestjs-realtime-client';
import { FakeRealtimeServer } from 'nestjs-realtime-client/testing';

it('receives the events of a channel', async () => {
  const server = new FakeRealtimeServer();
  const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket });
  const channel = client.channel('orders:paid');
  const total = new Promise<number>((resolve) => channel.on('event', ({ data }) => resolve(data.total)));
  await new Promise<void>((resolve) => {
    channel.on('state', ({ state }) => state === 'subscribed' && resolve());
    channel.subscribe();
  });
  server.publish('orders:paid', { total: 7 });
  expect(await total).toBe(7);
  client.close();
});
`;

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

/** Creates the frontend in this folder and installs the package. @throws Error with the output of the step that failed */
export async function makeViteProject(root: string, { runner }: ViteProject, { client }: Tarballs): Promise<void> {
  const create = ['--yes', '--package=create-vite', '--', 'create-vite', basename(root), '--template', 'react-ts'];
  await finish('npm', ['exec', ...create, '--no-interactive'], join(root, '..'));
  const manifest = await readJson<Manifest>(join(root, 'package.json'));
  const tools = manifest.devDependencies;
  for (const name of Object.keys(tools)) if (/eslint|^globals$|oxlint/.test(name)) delete tools[name];
  const [name, release] = runner.split('@') as ['vitest' | 'jest', string];
  tools[name] = release;
  tools['jsdom'] = '*';
  if (name === 'jest') {
    Object.assign(tools, { '@swc/core': '*', '@swc/jest': '*', 'jest-environment-jsdom': release });
    manifest.jest = { testEnvironment: 'jsdom', transform: { '^.+\\.tsx?$': '@swc/jest' } };
  }
  manifest.scripts['test'] = name === 'jest' ? 'jest' : 'vitest run --environment jsdom';
  await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
  await finish('npm', ['install', ...QUIETLY], root);
  await finish('npm', ['install', ...QUIETLY, client.path], root);
  await writeFile(join(root, 'src/events.ts'), EVENTS);
  await writeFile(join(root, 'src/App.tsx'), APP);
  await writeFile(join(root, 'src/orders.spec.ts'), specOf(name === 'jest' ? '@jest/globals' : 'vitest'));
}

/** Tests, type-checks and bundles the frontend. @throws Error with the output of the step that failed */
export async function checkViteProject(root: string, env: NodeJS.ProcessEnv): Promise<void> {
  await finish('npm', ['test'], root, env);
  await finish('npm', ['run', 'build'], root, env);
}
