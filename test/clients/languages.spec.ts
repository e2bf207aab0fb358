import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CLOSE_CODES } from '../../src/protocol/index.js';
import { blocksOf } from '../docs/support/blocks.js';
import { TcpProxy } from '../fault/proxy.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { within } from '../support/within.js';

/** A channel of which a client misses few events, and one of which it misses more than the server repeats. */
const FEW = 'apps:created';
const MANY = 'apps:updated';
const REPEATED = 4;
const HOUR_MS = 3_600_000;

interface Language {
  readonly name: string;
  /** Name of the file in which the compiler expects the program. */
  readonly file: string;
  /** Output of a program that itself notices that nothing arrives any more; `null` if the test cuts its connection. */
  readonly noticed: string | null;
  /** Returns the command that runs the program. */
  readonly command: (file: string) => Promise<readonly [string, ...string[]]>;
}

/** Compiles with Debian's Go and libraries, without modules and network: see go.spec.ts. */
async function compileGo(source: string): Promise<readonly [string]> {
  const [directory, program] = [join(source, '..'), join(source, '../main')];
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
  return [program];
}

const JAVA = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-cp', '/usr/share/java/gson.jar'];

const LANGUAGES: readonly Language[] = [
  { name: 'python', file: 'main.py', noticed: null, command: async (file) => ['/usr/bin/python3', file] },
  { name: 'go', file: 'main.go', noticed: 'i/o timeout', command: compileGo },
  { name: 'java', file: 'Main.java', noticed: 'no sign of life', command: async (file) => ['java', ...JAVA, file] },
];

/** Programs of each page by the language of their block. The first three run here, the others need tools that the tests do not install. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  'docs/languages/python.md': ['python'],
  'docs/languages/go.md': ['go'],
  'docs/languages/java.md': ['java', 'kotlin'],
  'docs/languages/csharp.md': ['csharp'],
  'docs/languages/swift.md': ['swift'],
  'docs/languages/dart.md': ['dart'],
};

/** Returns the only block in a language. */
function programOf(page: string, name: string): string {
  const [program, ...others] = blocksOf(page).filter(({ language }) => language === name);
  if (program === undefined || others.length > 0) throw new Error(`${page} has not exactly one block in ${name}`);
  return program.code;
}

describe.each(Object.entries(PAGES))('%s', (page, languages) => {
  it.each(languages)('has a program in %s that stays closed after the close codes of the protocol', (language) => {
    const found = /(?:stayClosed|StayClosed|STAY_CLOSED)\b[^\n]*1009[^\n]*/.exec(programOf(page, language));
    const codes = Object.values(CLOSE_CODES).filter(({ then }) => then === 'stays closed');
    expect([...found![0].matchAll(/\b\d{4}\b/g)].map(Number)).toEqual(codes.map(({ code }) => code));
  });

  it.each(languages)('has a program in %s that handles every frame of a subscription', (language) => {
    const program = programOf(page, language);
    const needed = ['connected', 'subscribed', 'unsubscribed', 'event', 'resync', 'reconnect', 'error', 'auth'];
    const values = ['lastEventId', 'recovered', 'expiresAt', 'afterMs', 'unavailable', 'rate_limited', 'internal'];
    expect([...needed, ...values].filter((word) => !new RegExp(`["']${word}["']`).test(program))).toEqual([]);
  });
});

describe('the programs of docs/languages', () => {
  let app: RealtimeApp;
  let signIn: Server;
  let directory: string;
  /** Number of tokens that each user was given. */
  const tokens = new Map<string, number>();

  beforeAll(async () => {
    app = await RealtimeApp.start({
      recoveryMaxEvents: REPEATED,
      heartbeatIntervalMs: 1_000,
    });
    // The first token of a user is about to end.
    signIn = createServer(({ url }, response) => {
      const sub = url!.slice(1);
      const given = tokens.get(sub) ?? 0;
      tokens.set(sub, given + 1);
      response.end(signToken({ sub, exp: secondsFromNow(given === 0 ? 8 : 3600) }));
    }).listen(0, '127.0.0.1');
    [directory] = await Promise.all([makeTemporaryDirectory(), once(signIn, 'listening')]);
  });
  afterAll(async () => {
    signIn.close();
    await app.close();
    await removeDirectory(directory);
  });

  const emit = async (channel: 'apps:created' | 'apps:updated', ...ids: number[]): Promise<void> => {
    for (const id of ids) await app.events.emit(channel, { id: `#${id}`, name: 'ü😀' });
  };

  it.each(LANGUAGES)(
    'the program in $name resumes without a gap or a duplicate, renews its token, and stays closed when it should',
    async ({ name, file, noticed, command }) => {
      const source = join(directory, file);
      await writeFile(source, programOf(`docs/languages/${name}.md`, name));
      const [program, ...args] = await command(source);
      const proxy = await TcpProxy.start(await freePort(), app.port, Math.random);
      const env = {
        PATH: process.env['PATH'],
        LC_ALL: 'C.UTF-8', // Java prints in the encoding of the locale
        REALTIME_URL: `ws://127.0.0.1:${proxy.port}/ws`,
        TOKEN_URL: `http://127.0.0.1:${(signIn.address() as AddressInfo).port}/${name}`,
      };
      const child = new Child(program, [...args, FEW, MANY], { env });
      const connection = () => [...app.registry.ofUser(name)].find(({ subscriptions }) => subscriptions.size === 2);
      try {
        await Promise.race([until(() => connection() !== undefined, 30_000), child.exited]);
        const begun = connection();
        if (begun === undefined) throw new Error(`The program ended:\n${child.output}`);
        const ended = app.endOf(begun);
        await until(() => (connection()?.principal!.expiresAt ?? 0) > Date.now() + HOUR_MS / 2);
        const first = connection();
        // On a busy machine the program can miss a heartbeat. Then it has another connection, but not because its token ended.
        if (first === begun) expect(tokens.get(name)).toBe(2);
        else expect(await ended).not.toBe(4401);
        await emit(FEW, 1);
        await emit(MANY, 1);
        await child.said(`event ${MANY}`);

        // The server sends these events, and the network loses them.
        if (noticed === null) proxy.lose('replies');
        else proxy.set('blackHole');
        await emit(FEW, 2, 3, 4, 5);
        await emit(MANY, 2, 3, 4, 5, 6);
        if (noticed === null) proxy.cut();
        else await child.said(noticed);
        proxy.set('pass');
        await child.said(`reset ${MANY} too_many`);
        await until(() => connection() !== undefined && connection() !== first);
        await emit(FEW, 6);
        await emit(MANY, 7);
        await child.said(/apps:updated [^\n]*#7/);

        const closed = app.endOf(connection()!);
        connection()!.close('accessRevoked');
        await closed;
        expect((await within(20_000, 'the program to end', child.exited)).code).toBe(1);
      } finally {
        await child.stop('SIGKILL');
        await proxy.stop();
      }
      const received = (channel: string): (string | undefined)[] =>
        [...child.stdout.matchAll(new RegExp(`^event ${channel} .*"#(\\d)".*ü😀`, 'gm'))].map(([, id]) => id);
      expect(received(FEW)).toEqual(['1', '2', '3', '4', '5', '6']);
      expect(received(MANY)).toEqual(['1', '7']);
      expect(child.output).toMatch(/closed 4403/);
      expect(tokens.get(name)).toBeGreaterThanOrEqual(3);
    },
    120_000,
  );
});
