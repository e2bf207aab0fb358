import { Controller, Get, Header } from '@nestjs/common';
import { build } from 'esbuild';
import { blocksOf } from '../../docs/support/blocks.js';
import { RealtimeApp } from '../../realtime/support/realtime-app.js';
import { signToken } from '../../support/jwt.js';
import { SOURCES } from '../../support/packages.js';
import { ChatCommands } from './chat-commands.js';

export const CHAT_PAGE = 'docs/frameworks/ai-sdk.md';

let html = '';

@Controller()
class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return html;
  }

  @Get('api/token')
  token(): string {
    return signToken({ sub: 'ada' });
  }
}

/** The component of the docs, in strict mode. The query of the address names the chat. */
async function bundle(): Promise<string> {
  const component = blocksOf(CHAT_PAGE).find(({ language }) => language === 'tsx')!.code;
  const { outputFiles } = await build({
    stdin: {
      contents: `${component}
        import { StrictMode } from 'react';
        import { createRoot } from 'react-dom/client';
        import { RealtimeProvider } from 'nestjs-realtime-client/react';
        // Each text of the answer that was shown, without repetitions.
        const shown = (globalThis.shown = []);
        new MutationObserver(() => {
          const text = [...document.querySelectorAll('p')].map((line) => line.textContent).join('|');
          if (shown.at(-1) !== text) shown.push(text);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
        createRoot(document.querySelector('main')).render(
          <StrictMode>
            <RealtimeProvider client={client}>
              <Chat id={location.search.slice(1)} />
            </RealtimeProvider>
          </StrictMode>,
        );`,
      resolveDir: '.',
      loader: 'tsx',
    },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    alias: Object.fromEntries(Object.entries(SOURCES).map(([name, path]) => [name, `./${path}`])),
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0]!.text.replaceAll('</script', String.raw`<\/script`);
}

/** Starts the application of docs/frameworks/ai-sdk.md, with its page at `/`. */
export async function startChatApp(): Promise<RealtimeApp> {
  html = `<!doctype html><title>chat</title><link rel="icon" href="data:," /><main></main><script type="module">${await bundle()}</script>`;
  return RealtimeApp.start(
    {
      channels: [
        { name: 'chats:{chatId}:answer', access: 'authenticated', stream: { lines: true, cancel: 'authenticated' } },
      ],
    },
    { controllers: [PageController], providers: [ChatCommands] },
  );
}
