import { Controller, Module, Post, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RealtimeModule } from '../../src/realtime/index.js';
import { LogBook, withDefaults, type TestOptions } from '../realtime/support/realtime-app.js';

/** Route of the application under a path that the module does not serve. */
@Controller()
class OwnController {
  @Post('realtime/events')
  own(): string {
    return 'own';
  }
}

@Module({})
class RootModule {}

const APIS_OFF = { publishApi: false, ticketApi: false, historyApi: false, streamApi: false, operatorApi: false };
const ALL_OFF = { ...APIS_OFF, console: false, commands: { http: false } };

const MODULES: readonly [string, (options: TestOptions) => DynamicModule][] = [
  ['forRoot', (options) => RealtimeModule.forRoot(withDefaults(options))],
  [
    'forRootAsync',
    (options) =>
      RealtimeModule.forRootAsync({
        // The options arrive after a delay, as from a remote configuration.
        useFactory: () => new Promise((resolve) => setImmediate(() => resolve(withDefaults(options)))),
      }),
  ],
];

describe.each(['express', 'fastify'] as const)('routes that are switched off (%s)', (http) => {
  /** Starts the application. @returns the paths that Nest logs as mapped, and the answer of `POST /realtime/events` */
  async function mapped(imported: DynamicModule): Promise<{ paths: string[]; answer: string }> {
    const log = new LogBook();
    const root = { module: RootModule, imports: [imported], controllers: [OwnController] };
    const settings = { logger: log, abortOnError: false };
    const app =
      http === 'fastify'
        ? await NestFactory.create(root, new FastifyAdapter(), settings)
        : await NestFactory.create(root, settings);
    try {
      await app.listen(0, '127.0.0.1');
      const response = await fetch(`${await app.getUrl()}/realtime/events`, { method: 'POST' });
      const routes = log.lines.flatMap((line) => /Mapped \{(.+?), (\w+)\}/.exec(line)?.slice(1, 3).join(' ') ?? []);
      const controllers = log.lines.flatMap((line) => /(\w+Controller) \{/.exec(line)?.[1] ?? []);
      return { paths: [...controllers, ...routes], answer: await response.text() };
    } finally {
      await app.close();
    }
  }

  it.each(MODULES)('are neither mapped nor logged: %s', async (_name, imported) => {
    const { paths, answer } = await mapped(imported(ALL_OFF));
    expect(paths).toEqual(['OwnController', '/realtime/events POST']);
    expect(answer).toBe('own');
  });

  it.each(MODULES)('each option controls only its routes: %s', async (_name, imported) => {
    const { paths } = await mapped(imported({ ...ALL_OFF, ticketApi: true }));
    expect(paths).toEqual(['OwnController', 'TicketsController', '/realtime/events POST', '/realtime/tickets POST']);
    const { paths: withHistory } = await mapped(imported({ ...ALL_OFF, historyApi: true }));
    expect(withHistory).toContain('/realtime/channels/:channel/events GET');
    const { paths: withCommands } = await mapped(imported({ ...ALL_OFF, commands: { http: true } }));
    expect(withCommands).toContain('/realtime/commands/:name POST');
    const { paths: withStreams } = await mapped(imported({ ...ALL_OFF, streamApi: true }));
    expect(withStreams).toEqual(
      expect.arrayContaining(['/realtime/stream GET', '/realtime/stream/:connectionId/frames POST']),
    );
    const { paths: withOperators } = await mapped(imported({ ...ALL_OFF, operatorApi: true }));
    expect(withOperators.filter((path) => path.endsWith('Controller'))).toEqual([
      ...['OwnController', 'OperatorsController', 'OperatorActionsController', 'OperatorStatesController'],
      'AsyncApiController',
    ]);
    const { paths: withConsole } = await mapped(imported({ ...ALL_OFF, operatorApi: true, console: true }));
    expect(withConsole).toContain('/realtime/console GET');
  });
});
