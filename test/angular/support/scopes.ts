import '@angular/compiler'; // Angular's packages are compiled by the application, which this is not
import {
  createEnvironmentInjector,
  DOCUMENT,
  EnvironmentInjector,
  RendererFactory2,
  runInInjectionContext,
  type EnvironmentProviders,
  type Provider,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing';
import { injectRealtimeClient, provideRealtime } from '../../../src/angular/index.js';
import type { RealtimeClient, RealtimeClientOptions } from '../../../src/client/index.js';
import { FakeRealtimeServer, type FakeServerOptions } from '../../../src/testing/index.js';
import { pass, virtualClients } from '../../support/virtual-client.js';

/** An application without a page, and its fake server. */
export interface AngularApp {
  readonly server: FakeRealtimeServer;
  readonly client: RealtimeClient;
  /** Runs the fields of a component or service. @returns them, and a function that destroys it */
  readonly create: <T>(fields: () => T) => T & { readonly destroy: () => void };
  /** Renders, then lets time pass. */
  readonly pass: (ms?: number) => Promise<void>;
  /** Types of the frames that the server received, without authentication. */
  readonly received: () => string[];
}

/** Sets up a virtual clock for each test of the file. @returns a function that starts applications */
export function angularApps(): (
  options?: Partial<RealtimeClientOptions>,
  fake?: FakeServerOptions,
  providers?: (Provider | EnvironmentProviders)[],
) => AngularApp {
  beforeAll(() => TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting()));
  afterAll(() => TestBed.resetTestEnvironment());
  afterEach(async () => {
    TestBed.resetTestingModule();
    await pass(1_000);
  });
  virtualClients(); // after the hook above: it checks that no timer is left
  return (options = {}, fake = {}, providers = []) => {
    const server = new FakeRealtimeServer(fake);
    TestBed.configureTestingModule({
      providers: [
        { provide: RendererFactory2, useValue: {} },
        { provide: DOCUMENT, useValue: {} },
        provideRealtime({ url: 'ws://fake/ws', WebSocket: server.WebSocket, ...options }),
        ...providers,
      ],
    });
    const parent = TestBed.inject(EnvironmentInjector);
    return {
      server,
      client: runInInjectionContext(parent, () => injectRealtimeClient()),
      create(fields) {
        const scope = createEnvironmentInjector([], parent);
        return { ...runInInjectionContext(scope, fields), destroy: () => scope.destroy() };
      },
      async pass(ms = 0) {
        TestBed.tick();
        await pass(ms);
        TestBed.tick();
      },
      received: () =>
        server.connections
          .flatMap(({ received }) => received.map(({ type }) => type))
          .filter((type) => type !== 'auth'),
    };
  };
}
