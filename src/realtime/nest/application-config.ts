import type { ApplicationConfig, ModuleRef } from '@nestjs/core';

/**
 * Nest's ApplicationConfig, which holds the WebSocket adapter and the global prefix. Nest does not hand it out: it is
 * reached through the container.
 * @throws Error if this version of Nest keeps it elsewhere
 */
export function applicationConfigOf(moduleRef: ModuleRef): ApplicationConfig {
  const { container } = moduleRef as unknown as { container?: { applicationConfig?: ApplicationConfig } };
  const config = container?.applicationConfig;
  if (typeof config?.setIoAdapter === 'function' && typeof config.getGlobalPrefix === 'function') return config;
  throw new Error(
    'RealtimeModule: this version of @nestjs/core keeps its ApplicationConfig elsewhere; versions 11 and 12 are supported',
  );
}
