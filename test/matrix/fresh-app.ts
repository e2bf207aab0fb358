import { join } from 'node:path';
import { bin, finish, installed, packagesNeeded } from '../package/installed.js';
import { pack } from '../package/pack.js';
import type { HttpAdapter } from '../package/orders-app.js';
import { Child } from '../support/child.js';
import { TEST_SECRET } from '../support/jwt.js';

/** A minimal application. Its arguments name the adapter and the port. */
const MAIN = `
import 'reflect-metadata';
import { Controller, Get, Header, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { RealtimeModule, realtimeOptionsFromEnv } from 'nestjs-realtime';
import { RealtimeHealthIndicator } from 'nestjs-realtime/terminus';

const [adapter, port, secret] = process.argv.slice(2);
const reader = new PrometheusExporter({ preventServerStart: true });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

@Controller()
class OperationsController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly realtime: RealtimeHealthIndicator,
  ) {}

  @Get('health/ready')
  ready() {
    return this.health.check([() => this.realtime.isHealthy('realtime')]);
  }

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(): Promise<string> {
    return new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
  }
}

@Module({
  imports: [TerminusModule, RealtimeModule.forRoot({ jwt: { secret: secret! }, ...realtimeOptionsFromEnv(process.env) })],
  controllers: [OperationsController],
  providers: [RealtimeHealthIndicator],
})
class AppModule {}

const http = adapter === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, http, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(port), '127.0.0.1');
console.log('listening');
`;

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2023'], module: 'nodenext', strict: true, skipLibCheck: true, types: ['node'] },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true, outDir: 'built' },
  },
  include: ['main.ts'],
};

/** Packages that it installs besides this package and its peers. */
const BESIDE = [
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@nestjs/terminus',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-metrics',
  '@types/node',
];

/** Installs the package into a separate project, and compiles the application there. @throws with the compiler's output */
export async function makeFreshApp(root: string): Promise<void> {
  const { server } = await pack();
  await installed(root, [server], [...(await packagesNeeded()), ...BESIDE], {
    'main.ts': MAIN,
    'tsconfig.json': JSON.stringify(TSCONFIG),
  });
  await finish(process.execPath, [bin('typescript/bin/tsc'), '-p', '.'], root);
}

/** Starts the application under this Node, and resolves once it listens. */
export async function startFreshApp(
  root: string,
  node: string,
  adapter: HttpAdapter,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<Child> {
  const child = new Child(node, [join(root, 'built/main.js'), adapter, String(port), TEST_SECRET], { env });
  await child.said('listening', 90_000);
  return child;
}
