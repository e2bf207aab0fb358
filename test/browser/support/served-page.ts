import { build } from 'esbuild';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page with one script, bundled as an application would do it and served from a separate origin. */
export class ServedPage {
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  /** @param script TypeScript that imports relative to the root of the repository */
  static async serve(script: string): Promise<ServedPage> {
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: '.', loader: 'tsx' },
      bundle: true,
      write: false,
      format: 'esm',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    const html = `<!doctype html><title>page</title><body></body><script type="module">${outputFiles[0]!.text}</script>`;
    const server = createServer(
      (_request, response) => void response.setHeader('Content-Type', 'text/html').end(html),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ServedPage(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
