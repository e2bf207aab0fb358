import type { ApplicationConfig, ModuleRef } from '@nestjs/core';

/**
 * Returns Nest's ApplicationConfig, which has the WebSocket adapter and the global prefix. Nest does not expose it, so it
 * is read from the container.
 * @throws Error if this version of Nest stores it elsewhere
 */
export function applicationConfigOf(moduleRef: ModuleRef): ApplicationConfig {
  const { container } = moduleRef as unknown as { container?: { applicationConfig?: ApplicationConfig } };
  const config = container?.applicationConfig;
  if (typeof config?.setIoAdapter === 'function' && typeof config.getGlobalPrefix === 'function') return config;
  throw new Error(
    'RealtimeModule: this version of @nestjs/core keeps its ApplicationConfig elsewhere; versions 11 and 12 are supported',
  );
}
