import 'reflect-metadata';

/**
 * The metadata that the decorators of `@nestjs/swagger` 11 and 12 write. Importing the package loads 530 files and takes a
 * third of the start of a small application, which has it installed but builds no document. A spec compares each function
 * with the decorator of the same name.
 */
const PREFIX = 'swagger';
const OPERATION = `${PREFIX}/apiOperation`;
const PARAMETERS = `${PREFIX}/apiParameters`;
const RESPONSE = `${PREFIX}/apiResponse`;
const TAGS = `${PREFIX}/apiUseTags`;
const SECURITY = `${PREFIX}/apiSecurity`;
const EXCLUDE_OPERATION = `${PREFIX}/apiExcludeEndpoint`;
const EXCLUDE_CONTROLLER = `${PREFIX}/apiExcludeController`;

type Handler = (...args: never[]) => unknown;
type Target = Handler | (abstract new (...args: never[]) => object);

export interface ResponseMetadata {
  readonly status: number;
  readonly description: string;
  readonly schema?: object;
}

/** Adds a tag and the bearer scheme to a controller. */
export function describeController(controller: Target, tag: string): void {
  append(TAGS, controller, tag);
  append(SECURITY, controller, { bearer: [] });
}

/** Leaves a controller out of documents. */
export function excludeController(controller: Target): void {
  append(EXCLUDE_CONTROLLER, controller, true);
}

/** Leaves one route out of documents. */
export function excludeOperation(handler: Handler): void {
  Reflect.defineMetadata(EXCLUDE_OPERATION, { ...metadataOf(EXCLUDE_OPERATION, handler), disable: true }, handler);
}

export function apiOperation(handler: Handler, operation: { readonly summary: string; readonly description?: string }) {
  Reflect.defineMetadata(OPERATION, { ...metadataOf(OPERATION, handler), ...operation }, handler);
}

export function apiPathParameter(handler: Handler, name: string, description: string): void {
  append(PARAMETERS, handler, { name, required: true, in: 'path', description, type: String });
}

/** @param about a description, or the allowed values */
export function apiQueryParameter(
  handler: Handler,
  name: string,
  about: string | readonly string[],
  required: boolean,
): void {
  const kind =
    typeof about === 'string'
      ? { description: about, type: String }
      : { schema: { enum: [...about], type: 'string' as const } };
  append(PARAMETERS, handler, { name, required, in: 'query', ...kind });
}

export function apiBody(handler: Handler, schema: object): void {
  append(PARAMETERS, handler, { type: String, required: true, in: 'body', schema });
}

export function apiResponse(handler: Handler, { status, ...response }: ResponseMetadata): void {
  const entry = { ...response, type: undefined, isArray: undefined };
  Reflect.defineMetadata(RESPONSE, { ...metadataOf(RESPONSE, handler), [status]: entry }, handler);
}

function append(key: string, target: Target, entry: unknown): void {
  const entries = (Reflect.getMetadata(key, target) as unknown[] | undefined) ?? [];
  Reflect.defineMetadata(key, [...entries, entry], target);
}

function metadataOf(key: string, handler: Handler): object | undefined {
  return Reflect.getMetadata(key, handler) as object | undefined;
}
