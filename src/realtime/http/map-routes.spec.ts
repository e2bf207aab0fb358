import type { ModulesContainer } from '@nestjs/core';
import { resolveOptions } from '../options/resolve-options.js';
import { EventsController } from './events.controller.js';
import { unmapRoutes } from './map-routes.js';
import { OperatorsController } from './operators.controller.js';

const OPTIONS = resolveOptions({ jwt: { secret: 'a secret of 32 bytes or more, yes' } });

const containerOf = (...modules: object[]) =>
  new Map(modules.map((module, index) => [String(index), module])) as unknown as ModulesContainer;

describe('unmapRoutes', () => {
  it('removes disabled controllers, and keeps those of the application', () => {
    class OwnController {}
    const controllers = new Map<unknown, object>(
      [OwnController, EventsController, OperatorsController].map((controller) => [controller, {}]),
    );
    unmapRoutes(containerOf({ controllers }), OPTIONS);
    expect([...controllers.keys()]).toEqual([OwnController, EventsController]);
  });

  it.each([
    ['the controllers are not a Map', containerOf({ controllers: [EventsController] })],
    ['the keys are not the classes', containerOf({ controllers: new Map([['EventsController', {}]]) })],
  ])('throws if Nest stores its controllers differently: %s', (_how, modules) => {
    expect(() => unmapRoutes(modules, OPTIONS)).toThrow('this version of @nestjs/core keeps its controllers elsewhere');
  });
});
