import { PrismaPg } from '@prisma/adapter-pg';
import { getPrismaClient, type GetPrismaClientConfig } from '@prisma/client/runtime/client';
import { createRequire } from 'node:module';

type Compiler = Awaited<ReturnType<NonNullable<GetPrismaClientConfig['compilerWasm']>['getRuntime']>>;

const require = createRequire(import.meta.url);
const COMPILER = '@prisma/client/runtime/query_compiler_fast_bg.postgresql';

/** The part of a generated client that the tests use. */
interface Prisma {
  $executeRawUnsafe(sql: string): PromiseLike<unknown>;
  $transaction<T>(work: (inner: Prisma) => Promise<T>): Promise<T>;
  $transaction(statements: readonly PromiseLike<unknown>[]): Promise<unknown[]>;
  $extends(extension: object): Prisma;
  $disconnect(): Promise<void>;
}

/**
 * The client that `prisma generate` generates for PostgreSQL from a schema without models, on the same runtime. The command
 * itself needs a binary that no package contains.
 */
const CONFIG: GetPrismaClientConfig = {
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: '',
  activeProvider: 'postgresql',
  inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: 'AAAA' },
  compilerWasm: {
    getRuntime: async () => require(`${COMPILER}.js`) as Compiler,
    getQueryCompilerWasmModule: async () => {
      const { wasm } = require(`${COMPILER}.wasm-base64.js`) as { readonly wasm: string };
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_fast_bg.js',
  },
};

export function openPrisma(url: string): Prisma {
  const PrismaClient = getPrismaClient(CONFIG);
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
}
