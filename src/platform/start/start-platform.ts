import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { RealtimeServer } from '../../realtime/index.js';
import { TokenService } from '../auth/token.service.js';
import { JwtKeys } from '../config/jwt-keys.js';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';
import { configureHttp } from '../http/configure-http.js';
import { TwoPortAdapter } from '../http/two-port.adapter.js';
import { PlatformModule } from '../platform.module.js';
import { DEMO_USERS } from '../users/first-users.service.js';
import { loadCertificate, type Certificate } from './certificate.js';
import { listen } from './listen.js';
import { PlatformLogger } from './platform-logger.js';
import { END_SIGNALS, endAtOnceOnSecondSignal } from './signals.js';
import { startLines, type Started } from './start-lines.js';

/**
 * Starts the platform from the environment and resolves once it serves. SIGTERM and SIGINT shut it down gracefully,
 * with exit code 0; a second signal exits immediately.
 * @throws StartError or RealtimeOptionsError with a sentence for the operator, after everything is closed again
 */
export async function startPlatform(): Promise<void> {
  const adapter = new TwoPortAdapter();
  // Nest logs a failed start with its stack before it throws. The buffered logs are shown only after a successful
  // start.
  const app = await NestFactory.create<NestExpressApplication>(PlatformModule, adapter, {
    ...{ abortOnError: false, bufferLogs: true, autoFlushLogs: false, bodyParser: false },
  });
  try {
    configureHttp(app);
    await app.init();
    process.stdout.write(startLines(await serve(app, adapter)));
  } catch (error) {
    await app.close();
    throw error;
  }
  app.useLogger(new PlatformLogger(app.get(PlatformConfig).logLevel));
  app.flushLogs();
  app.enableShutdownHooks([...END_SIGNALS], { useProcessExit: true });
  endAtOnceOnSecondSignal();
}

async function serve(app: NestExpressApplication, adapter: TwoPortAdapter): Promise<Started> {
  const config = app.get(PlatformConfig);
  const realtime = app.get(RealtimeServer);
  const certificate = config.tlsPort === 0 ? null : await loadCertificate(config);
  const port = await listen(app.getHttpServer(), 'PORT', config.port, config.host);
  const tlsPort = certificate === null ? null : await serveTls(adapter, realtime, certificate, config);
  return {
    port,
    tls: tlsPort === null ? null : { port: tlsPort, selfSigned: certificate!.selfSigned },
    tlsMissing: config.tlsPort === 0 ? 'no TLS port (TLS_PORT is 0)' : 'no TLS port (TLS_KEY_FILE is not given)',
    path: realtime.path,
    console: config.realtime.console ?? false,
    database: app.get(Database).location,
    development: config.development,
    local: config.isLocal,
    tokens: app.get(JwtKeys).selfMade && config.demoUsers ? demoTokens(app.get(TokenService)) : [],
  };
}

function serveTls(
  adapter: TwoPortAdapter,
  realtime: RealtimeServer,
  { key, cert }: Certificate,
  { tlsPort, host }: PlatformConfig,
): Promise<number> {
  const server = adapter.createTlsServer({ key, cert });
  realtime.attach(server);
  return listen(server, 'TLS_PORT', tlsPort, host);
}

/** Issues tokens for the demo admin and the first demo user. */
function demoTokens(tokens: TokenService): Started['tokens'] {
  return DEMO_USERS.slice(0, 2).map((user) => ({ ...user, token: tokens.issue(user).token }));
}
