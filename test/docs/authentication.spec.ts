import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';
import type { RealtimeOptions } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Issuer, signWith } from '../support/issuer.js';

const guide = readFileSync('docs/authentication.md', 'utf8');
const HEADINGS = ['Auth0', 'Keycloak', 'Cognito'];

/** Removes the default claims of the tests, so that a token has only the claims of the guide. */
const NOTHING = { email: undefined, role: undefined };

interface Provider {
  readonly jwt: NonNullable<RealtimeOptions['jwt']>;
  readonly claims: Record<string, unknown>;
  readonly user: unknown;
}

/** Content under the heading of a provider: the options, the claims of a token, and the resulting user. */
function provider(heading: string): Provider {
  const section = guide.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const blocks = (language: string): string[] =>
    [...section.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);
  const [code] = blocks('ts');
  const [claims, user] = blocks('json').map((text) => JSON.parse(text) as Record<string, unknown>);
  const context = { exports: {} as { jwt: Provider['jwt'] } };
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  runInNewContext(ts.transpileModule(code!, { compilerOptions: options }).outputText, context);
  const jwt = JSON.parse(JSON.stringify(context.exports.jwt)) as Provider['jwt']; // copied into plain objects of this context
  return { jwt, claims: claims!, user };
}

it('shows the claims and the user of each provider, and no other JSON', () => {
  expect(guide.match(/^```json$/gm)).toHaveLength(2 * HEADINGS.length);
});

describe.each(HEADINGS)('the guide for %s', (heading) => {
  const { jwt, claims, user } = provider(heading);
  let issuer: Issuer;
  let app: RealtimeApp;

  beforeAll(async () => {
    issuer = await Issuer.start();
    issuer.addKey('first');
    app = await RealtimeApp.start({ jwt: { ...jwt, jwksUrl: issuer.url } });
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await issuer.stop();
  });

  const firstFrameWith = async (fields: object): Promise<object> => {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const client = await app.connect({
      header: `Bearer ${signWith(issuer.published[0]!, { ...NOTHING, ...claims, exp, ...fields })}`,
    });
    const frame = await client.next();
    client.terminate();
    return frame;
  };

  it('accepts its tokens as the user that the guide shows', async () => {
    expect(await firstFrameWith({})).toMatchObject({ type: 'connected', user });
  });

  it('refuses tokens for another audience or issuer', async () => {
    const refused = { type: 'error', code: 'token_invalid' };
    expect(await firstFrameWith({ aud: 'another' })).toMatchObject(refused);
    expect(await firstFrameWith({ iss: 'https://another.example' })).toMatchObject(refused);
  });
});
