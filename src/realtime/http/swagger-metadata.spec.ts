import {
  ApiBearerAuth,
  ApiBody,
  ApiExcludeController,
  ApiExcludeEndpoint,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import {
  apiBody,
  apiOperation,
  apiPathParameter,
  apiQueryParameter,
  apiResponse,
  describeController,
  excludeController,
  excludeOperation,
} from './swagger-metadata.js';

const SCHEMA = { type: 'object', properties: { id: { type: 'string' } } } as const;

type Handler = () => unknown;

/** Returns all metadata under keys of `@nestjs/swagger`. */
function metadataOf(target: object): Record<string, unknown> {
  return Object.fromEntries(
    (Reflect.getMetadataKeys(target) as string[]).map((key) => [key, Reflect.getMetadata(key, target) as unknown]),
  );
}

/** Returns the metadata of a handler after these decorators. */
function decorated(...decorators: MethodDecorator[]): Record<string, unknown> {
  const value: Handler = () => undefined;
  const descriptor: PropertyDescriptor = { value };
  for (const decorate of decorators) decorate({}, 'handler', descriptor);
  return metadataOf(value);
}

function described(describe: (handler: Handler) => void): Record<string, unknown> {
  const handler: Handler = () => undefined;
  describe(handler);
  return metadataOf(handler);
}

describe('the metadata for @nestjs/swagger', () => {
  const cases: [string, (handler: Handler) => void, () => MethodDecorator[]][] = [
    [
      'an operation',
      (handler) => apiOperation(handler, { summary: 'List' }),
      () => [ApiOperation({ summary: 'List' })],
    ],
    [
      'an operation with a description',
      (handler) => apiOperation(handler, { summary: 'List', description: 'all' }),
      () => [ApiOperation({ summary: 'List', description: 'all' })],
    ],
    [
      'a parameter of the path',
      (handler) => apiPathParameter(handler, 'id', 'the id'),
      () => [ApiParam({ name: 'id', description: 'the id', type: String })],
    ],
    [
      'query parameters, in their order',
      (handler) => {
        apiQueryParameter(handler, 'after', 'a cursor', true);
        apiQueryParameter(handler, 'limit', 'how many', false);
      },
      () => [
        ApiQuery({ name: 'after', required: true, description: 'a cursor', type: String }),
        ApiQuery({ name: 'limit', required: false, description: 'how many', type: String }),
      ],
    ],
    [
      'a query parameter with fixed values',
      (handler) => apiQueryParameter(handler, 'order', ['up', 'down'], false),
      () => [ApiQuery({ name: 'order', required: false, enum: ['up', 'down'] })],
    ],
    ['an excluded operation', excludeOperation, () => [ApiExcludeEndpoint()]],
    ['a body', (handler) => apiBody(handler, SCHEMA), () => [ApiBody({ schema: SCHEMA })]],
    [
      'answers and refusals',
      (handler) => {
        apiResponse(handler, { status: 200, description: 'List', schema: SCHEMA });
        apiResponse(handler, { status: 403, description: 'forbidden' });
      },
      () => [
        ApiResponse({ status: 200, description: 'List', schema: SCHEMA }),
        ApiResponse({ status: 403, description: 'forbidden' }),
      ],
    ],
  ];

  it.each(cases)('is the same as with its decorators for %s', (_what, describe, decorators) => {
    expect(described(describe)).toEqual(decorated(...decorators()));
  });

  it('is the same as with its decorators for a controller', () => {
    const [ours, theirs] = [class Ours {}, class Theirs {}];
    describeController(ours, 'realtime');
    excludeController(ours);
    for (const decorate of [ApiTags('realtime'), ApiBearerAuth(), ApiExcludeController()]) decorate(theirs);
    expect(metadataOf(ours)).toEqual(metadataOf(theirs));
  });
});
