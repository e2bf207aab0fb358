import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, USER } from '../platform/support/api.js';
import { Child } from '../support/child.js';
import { PlatformProcess } from '../support/platform-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

const CLEAN = { code: 0, signal: null };

/**
 * Compiles with Debian's Go, even if the PATH has another, and Debian's libraries: without modules, so without a network.
 * Debian's standard library is compiled with cgo, and used as it is: without cgo, Go would compile a part of it again. No C
 * compiler is needed.
 */
async function compile(directory: string): Promise<string> {
  const [source, program] = [join(directory, 'main.go'), join(directory, 'main')];
  await copyFile('test/clients/pages/go_gorilla.go', source);
  const env = {
    HOME: directory,
    GOCACHE: join(directory, 'cache'),
    GOPATH: '/usr/share/gocode',
    GO111MODULE: 'off',
    GOTOOLCHAIN: 'local',
  };
  const go = new Child('/usr/bin/go', ['build', '-o', program, source], { env });
  const exit = await go.exited;
  if (exit.code !== 0) throw new Error(`Go did not compile ${source}:\n${go.output}`);
  return program;
}

describe("Go's gorilla/websocket, of Debian's packages, against the built platform", () => {
  let directory: string;
  let program: string;
  let platform: PlatformProcess;
  let api: Api;

  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
    [program, platform] = await Promise.all([
      compile(directory),
      PlatformProcess.start({ env: { REALTIME_HEARTBEAT_INTERVAL_MS: '500' } }),
    ]);
    api = await Api.signIn(platform, USER);
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await removeDirectory(directory);
  });

  it('sends its token in a header, answers pings, receives its event and closes', async () => {
    const child = new Child(program, [platform.wsUrl, api.token!]);
    await child.said('"type":"subscribed"');
    await child.said(/(ping\n[^]*){3}/); // a client that does not answer one is closed before the next
    expect((await api.post('/api/apps', { name: 'seen by Go' })).status).toBe(201);
    expect(await child.exited).toEqual(CLEAN);
    expect(child.stdout).toMatch(/^{[^\n]*"type":"connected"/);
    expect(child.stdout).toMatch(/"type":"event"[^\n]*seen by Go[^]*\nclosed 1000\n$/);
  });

  it('recognizes by the close code that its token is invalid', async () => {
    const child = new Child(program, [platform.wsUrl, 'no token']);
    expect(await child.exited).toEqual(CLEAN);
    expect(child.stdout).toMatch(/closed 4401\n$/);
  });
});
