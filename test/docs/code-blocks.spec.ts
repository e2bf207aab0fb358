import { readFileSync } from 'node:fs';
import { compile, problemText, type SourceText } from '../support/compile.js';
import { blocksIn, blocksOf, DOCS, type Block } from './support/blocks.js';
import { configTestOf } from './support/nginx.js';
import { asTypeScript, documentsOf, unknownNamesIn } from './support/yaml.js';

/** Returns a block as a file of an application that has installed the package. */
const fileOf = ({ doc, line, language, code }: Block): SourceText => ({
  name: `${doc.replaceAll(/\W/g, '-')}-${line}.${['tsx', 'js'].includes(language) ? language : 'ts'}`,
  code: language === 'yaml' ? asTypeScript(code) : (scriptIn(language, code) ?? code),
});

/** Returns the script of a component of Vue or Svelte. */
function scriptIn(language: string, code: string): string | undefined {
  if (language !== 'vue' && language !== 'svelte') return undefined;
  return /<script[^>]*>\n(.*?)<\/script>/s.exec(code)?.[1];
}

/** Blocks that are not code or do not compile alone, each with the spec that checks it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/authentication.md json': 'test/docs/authentication.spec.ts',
  'docs/browser.md html': 'test/browser/plain-page.spec.ts',
  'docs/channels.md text': 'test/docs/run-commands.spec.ts',
  'docs/command-line.md text': 'test/docs/command-line.spec.ts',
  'docs/deployment.md dockerfile': 'test/deploy/files.spec.ts',
  'docs/languages/csharp.md csharp': 'test/clients/languages.spec.ts',
  'docs/languages/dart.md dart': 'test/clients/languages.spec.ts',
  'docs/languages/go.md go': 'test/clients/languages.spec.ts',
  'docs/languages/java.md java': 'test/clients/languages.spec.ts',
  'docs/languages/java.md kotlin': 'test/clients/languages.spec.ts',
  'docs/languages/python.md python': 'test/clients/languages.spec.ts',
  'docs/languages/swift.md swift': 'test/clients/languages.spec.ts',
  'docs/redis.md text': 'test/broker/redis-acl.spec.ts',
  'docs/server-sent-events.md text': 'test/sse/event-stream.spec.ts',
  'docs/testing.md text': 'test/docs/testing.spec.ts',
};

/** Languages whose blocks are checked in every page, here or in commands.spec.ts (`sh`). */
const EVERYWHERE = ['ts', 'tsx', 'js', 'vue', 'svelte', 'yaml', 'nginx', 'sh'];

/** Declarations that the blocks of JavaScript use from their page. */
const PAGE: SourceText = {
  name: 'page.d.ts',
  code: `declare const token: string;
    declare const Pusher: typeof import('pusher-js', { with: { 'resolution-mode': 'require' } }).default;
    declare const key: string;
    declare function show(app: unknown): void;
    declare function showState(state: string): void;`,
};

/** Files beside a block, and functions of frameworks that are not installed here. */
const FRAMEWORKS: SourceText = {
  name: 'frameworks.d.ts',
  code: `declare module '*/App.vue' {
      const component: import('vue').Component;
      export default component;
    }
    declare module '*/app' {
      export const App: () => import('solid-js').JSX.Element;
    }
    declare module '*/realtime' {
      export const client: import('nestjs-realtime-client').RealtimeClient;
    }
    declare module '*/chats.js' {
      export const model: import('ai').LanguageModel;
      export const chats: {
        load(userId: string, chatId: string): Promise<import('ai').UIMessage[]>;
        save(userId: string, chatId: string, messages: import('ai').UIMessage[]): Promise<void>;
      };
    }
    declare module '@react-native-community/netinfo' {
      type NetInfoState =
        | { type: 'wifi'; isConnected: true; details: { ipAddress: string | null } }
        | { type: 'none'; isConnected: false; details: null }
        | { type: 'unknown'; isConnected: boolean | null; details: null };
      const NetInfo: { addEventListener(listener: (state: NetInfoState) => void): () => void };
      export default NetInfo;
    }
    declare module 'react-native' {
      import type { ReactElement, ReactNode } from 'react';
      export const AppState: {
        addEventListener(name: 'change' | 'memoryWarning', listener: (state: string) => void): { remove(): void };
      };
      export function FlatList<T>(props: {
        data: readonly T[];
        keyExtractor: (item: T, index: number) => string;
        renderItem: (row: { item: T }) => ReactElement;
      }): ReactElement;
      export function Text(props: { children: ReactNode }): ReactElement;
    }`,
};

/** Returns true if a block extends the event map only through the server's entry point. TypeScript does not merge both. */
const ofServers = (doc: string): boolean =>
  blocksOf(doc).every(({ code }) => !code.includes("declare module 'nestjs-realtime-client'"));

/** Pages whose blocks are the files of one application. One of them adds the built-in channels. */
const APPLICATIONS: readonly string[] = ['svelte', 'solid', 'vue'].map((name) => `docs/frameworks/${name}.md`);

/** Returns true for a block that adds the built-in channels to the event map. Blocks without the import must compile without it. */
const importsPlatform = ({ doc, code }: Block): boolean =>
  /'nestjs-realtime(-client)?\/platform-events'/.test(code) || APPLICATIONS.includes(doc);

describe('the code blocks of the docs', () => {
  it('all have a checked language', () => {
    const blocks = DOCS.flatMap((doc) => blocksOf(doc));
    const unchecked = blocks.filter(
      ({ doc, language }) => !EVERYWHERE.includes(language) && ELSEWHERE[`${doc} ${language}`] === undefined,
    );
    expect(
      unchecked.map(({ name, language }) => `${name}: ${language || 'no language; use "text" if it is not code'}`),
    ).toEqual([]);
    for (const language of EVERYWHERE) expect(blocksIn(language)).not.toEqual([]);
  });

  it('are checked by the other spec that the list names', () => {
    for (const [what, spec] of Object.entries(ELSEWHERE)) {
      const [doc, language] = what.split(' ') as [string, string];
      expect(blocksOf(doc).map((block) => block.language)).toContain(language);
      expect(readFileSync(spec, 'utf8')).toContain(`'${doc}'`);
    }
  });

  it('compile, and do not compile with a mistake', () => {
    const mistakes: SourceText[] = [
      {
        name: 'mistake.ts',
        code: `import { EventsPublisher } from 'nestjs-realtime';
          export const tell = (events: EventsPublisher) => events.emit('apps:created', { id: '1' });`,
      },
      { name: 'mistake.js', code: `new WebSocket('wss://api.example.com/ws').subscribe('apps:*');` },
      {
        name: 'mistaken-manifest.ts',
        code: asTypeScript('readinessProbe: { httpGet: { path: /health/ready, port: 8888 }, period: 2 }'),
      },
    ];
    const blocks = blocksIn('ts', 'tsx', 'js', 'vue', 'svelte', 'yaml');
    const files = (fits: (block: Block) => boolean): SourceText[] => blocks.filter(fits).map(fileOf);
    const isAlone = (block: Block): boolean => ofServers(block.doc) && !importsPlatform(block);
    expect(compile([...files(isAlone), PAGE, FRAMEWORKS]).map(problemText)).toEqual([]);
    const others = files((block) => !isAlone(block));
    expect(compile([...others, ...mistakes, PAGE, FRAMEWORKS]).map(problemText)).toEqual([
      expect.stringMatching(/mistake\.ts line 2: .*Property 'name' is missing/s),
      expect.stringMatching(/mistake\.js line 1: Property 'subscribe' does not exist/),
      expect.stringMatching(/mistaken-manifest\.ts line \d+: .*"period"' does not exist/),
    ]);
  }, 300_000);

  it.each(blocksIn('yaml'))('name only paths, ports and variables of the platform: $name', ({ code }) => {
    for (const document of documentsOf(code)) expect(unknownNamesIn(document)).toEqual([]);
  });

  it.each(blocksIn('nginx'))(
    'are accepted by nginx: $name',
    async ({ code }) => {
      const http = code.replace('listen 80;', 'listen 127.0.0.1:18080;'); // `-t` does not listen, but refuses port 80 without root
      expect(await configTestOf(http)).toContain('test is successful');
      await expect(configTestOf(http.replace('proxy_http_version', 'proxy_http_versions'))).rejects.toThrow(
        'unknown directive',
      );
    },
    60_000,
  );
});
