import { Controller, Get, HttpStatus, NotFoundException, Param, Req, Res, StreamableFile } from '@nestjs/common';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { readConsole, type ConsoleFiles } from './console-files.js';

/** Nothing but the console's own files runs in it, it talks to nobody else, and nobody puts it into a frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'", // same-origin WebSockets included
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** As much of an answer as Express and Fastify have in common. */
interface Answer {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

interface Request {
  readonly url: string;
}

/** The path at which the page finds the WebSocket; the build leaves this in its place. */
const PATH_IN_PAGE = 'name="realtime-path" content="/ws"';

/** The files of the console, where the option `console` is on. They tell nothing: what it shows, the API for operators guards. */
@Controller('realtime')
export class ConsoleController {
  private files: ConsoleFiles | null = null;

  constructor(private readonly options: ResolvedRealtimeOptions) {}

  @Get('console')
  console(@Req() { url }: Request, @Res({ passthrough: true }) answer: Answer): StreamableFile | '' {
    return this.page('console', url, answer);
  }

  /** The AsyncAPI document, for people: a view of the console, at an address of its own. */
  @Get('asyncapi')
  contract(@Req() { url }: Request, @Res({ passthrough: true }) answer: Answer): StreamableFile | '' {
    return this.page('asyncapi', url, answer);
  }

  @Get('console/:name')
  asset(@Param('name') name: string, @Res({ passthrough: true }) answer: Answer): StreamableFile {
    const file = this.read().assets.get(name);
    if (file === undefined) throw new NotFoundException('The console has no such file');
    return send(answer, file, 'public, max-age=31536000, immutable'); // its name has the hash of its content
  }

  private page(name: string, url: string, answer: Answer): StreamableFile | '' {
    const { page } = this.read();
    if (new URL(url, 'http://localhost').pathname.endsWith('/')) return withoutSlash(name, answer);
    const content = page.replace(PATH_IN_PAGE, `name="realtime-path" content="${this.options.path}"`);
    return send(answer, { type: 'text/html; charset=utf-8', content: Buffer.from(content) }, 'no-store');
  }

  /** Read when somebody looks for the first time. */
  private read(): ConsoleFiles {
    if (!this.options.console) throw new NotFoundException('The console is switched off (option `console`)');
    this.files ??= readConsole();
    return this.files;
  }
}

/** A page's files lie beside it, so it has one address. The way there is relative: a proxy may have put a prefix before it. */
function withoutSlash(name: string, answer: Answer): '' {
  answer.status(HttpStatus.PERMANENT_REDIRECT);
  answer.header('Location', `../${name}`);
  return '';
}

function send(answer: Answer, { type, content }: { type: string; content: Buffer }, caching: string): StreamableFile {
  for (const [name, value] of Object.entries(HEADERS)) answer.header(name, value);
  answer.header('Cache-Control', caching);
  return new StreamableFile(content, { type, length: content.length });
}
