import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { formatted } from '../../support/formatted.js';

const FOLDER = 'src/realtime/options';

/** Section of the page: the listed declaration, and the path of its options within `RealtimeOptions`. */
interface Section {
  readonly title: string;
  readonly declaration: string;
  readonly file: string;
  readonly path: string;
}

const SECTIONS: readonly Section[] = [
  { title: 'General', declaration: 'ResolvedRealtimeOptions', file: 'realtime-options.ts', path: '' },
  { title: 'HTTP routes', declaration: 'RouteOptions', file: 'route-options.ts', path: '' },
  { title: 'Limits', declaration: 'LimitOptions', file: 'limit-options.ts', path: '' },
  { title: 'Tokens', declaration: 'JwtOptions', file: 'jwt-options.ts', path: 'jwt.' },
  { title: 'Claims of a token', declaration: 'ClaimNames', file: 'jwt-options.ts', path: 'jwt.claims.' },
  { title: 'History', declaration: 'HistoryOptions', file: 'history-options.ts', path: 'history.' },
  { title: 'Commands', declaration: 'CommandLimitOptions', file: 'command-options.ts', path: 'commands.' },
  { title: 'Live resources', declaration: 'LiveOptions', file: 'live-options.ts', path: 'live.' },
  { title: 'Streams', declaration: 'StreamLimitOptions', file: 'stream-options.ts', path: 'streams.' },
  { title: 'Tenants', declaration: 'TenantOptions', file: 'tenant-options.ts', path: 'tenants.' },
  { title: 'Redis', declaration: 'RedisOptions', file: 'redis-options.ts', path: 'redis.' },
  { title: 'Channel definitions', declaration: 'ChannelDefinition', file: 'channel-definition.ts', path: '' },
  { title: 'Publishing keys', declaration: 'PublishKeyOptions', file: 'publish-keys.ts', path: '' },
];

/** Environment variables by option, from the table in `options-from-env.ts`. */
function readVariables(): ReadonlyMap<string, string> {
  const source = readFileSync(`${FOLDER}/options-from-env.ts`, 'utf8');
  return new Map([...source.matchAll(/^ {2}(\w+): \['([\w.]+)'/gm)].map(([, name, option]) => [option!, name!]));
}

/** Returns the properties of a class or an interface, in source order. */
function propertiesOf({ declaration, file }: Section): readonly (ts.PropertyDeclaration | ts.PropertySignature)[] {
  const source = ts.createSourceFile(file, readFileSync(`${FOLDER}/${file}`, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (statement): statement is ts.ClassDeclaration | ts.InterfaceDeclaration =>
      (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement)) &&
      statement.name?.text === declaration,
  );
  if (found === undefined) throw new Error(`${file} does not declare ${declaration}`);
  return [...found.members].filter((member) => ts.isPropertyDeclaration(member) || ts.isPropertySignature(member));
}

/** Returns the text of a docstring without its tags, and the text of its `@default`. */
function docstringOf(property: ts.Node): { text: string; byDefault: string | undefined } {
  const [doc] = ts.getJSDocCommentsAndTags(property).filter(ts.isJSDoc);
  const textOf = (comment: ts.JSDoc['comment']): string =>
    (ts.getTextOfJSDocComment(comment) ?? '').replace(/\s*\n\s*/g, ' ').trim();
  const tag = doc?.tags?.find(({ tagName }) => tagName.text === 'default');
  return { text: textOf(doc?.comment), byDefault: tag === undefined ? undefined : textOf(tag.comment) };
}

/** Returns the bound that a decorator such as `@Min(1)` sets. */
function boundOf(property: ts.PropertyDeclaration | ts.PropertySignature, name: 'Min' | 'Max'): number | undefined {
  if (!ts.canHaveDecorators(property)) return undefined;
  for (const { expression } of ts.getDecorators(property) ?? []) {
    if (!ts.isCallExpression(expression) || expression.expression.getText() !== name) continue;
    return Number(expression.arguments[0]!.getText().replaceAll('_', ''));
  }
  return undefined;
}

function rangeOf(property: ts.PropertyDeclaration | ts.PropertySignature): string | undefined {
  const [min, max] = [boundOf(property, 'Min'), boundOf(property, 'Max')];
  const shown = (bound: number): string => bound.toLocaleString('en');
  if (min === undefined) return max === undefined ? undefined : `at most ${shown(max)}`;
  return max === undefined ? `at least ${shown(min)}` : `${shown(min)} to ${shown(max)}`;
}

function entryOf(property: ts.PropertyDeclaration | ts.PropertySignature, path: string, variable?: string): string {
  const { text, byDefault } = docstringOf(property);
  const range = rangeOf(property);
  const facts = [
    ...(byDefault === undefined ? [] : [`- Default: ${byDefault}`]),
    ...(range === undefined ? [] : [`- Range: ${range}`]),
    ...(variable === undefined ? [] : [`- Variable: \`${variable}\``]),
  ];
  return [`### \`${path}${property.name.getText()}\``, text, facts.join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Returns the text of `docs/options.md`: every option with its docstring, default, range and variable. */
export async function optionsReference(): Promise<string> {
  const variables = readVariables();
  const sections = SECTIONS.map((section) => {
    const { title, path } = section;
    const entries = propertiesOf(section).map((property) =>
      entryOf(property, path, variables.get(`${path}${property.name.getText()}`)),
    );
    return [`## ${title}`, ...entries].join('\n\n');
  });
  const page = [
    '# Options',
    'All options of `RealtimeModule.forRoot`. Only `jwt` is required. An invalid option stops the application at startup, with its name, its value (unless it is secret) and what is allowed. `realtimeOptionsFromEnv(process.env)` reads the variables; [`.env.example`](../.env.example) lists them.',
    'This page is generated from the docstrings: `npm run docs:options` writes it.',
    ...sections,
  ].join('\n\n');
  return formatted('docs/options.md', page);
}
