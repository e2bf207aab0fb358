/** What the start lines tell of. */
export interface Started {
  readonly port: number;
  /** `null` for none. */
  readonly tls: { readonly port: number; readonly selfSigned: boolean } | null;
  /** Why there is no TLS port; only where there is none. */
  readonly tlsMissing: string;
  readonly path: string;
  /** Whether the console for operators is served. */
  readonly console: boolean;
  readonly database: string;
  readonly development: boolean;
  /** Only this machine is served. */
  readonly local: boolean;
  /** Ready-made tokens: only where the secret was made here, for development. */
  readonly tokens: readonly { readonly email: string; readonly password: string; readonly token: string }[];
}

/** The lines that the platform prints once it serves. */
export function startLines(started: Started): string {
  const { port, tls, tlsMissing, path, database, development, local, tokens } = started;
  const secure = tls === null ? tlsMissing : `https://localhost:${tls.port}/${tls.selfSigned ? ' (self-signed)' : ''}`;
  const lines = [
    `nestjs-realtime platform, ${development ? 'development' : 'production'}`,
    `  page       http://localhost:${port}/`,
    `             ${secure}`,
    `  WebSocket  ws://localhost:${port}${path}`,
    ...(tls === null ? [] : [`             wss://localhost:${tls.port}${path}`]),
    ...(started.console ? [`  console    http://localhost:${port}/realtime/console`] : []),
    `  data       ${database}`,
    ...(local
      ? ['  open to    this machine only: HOST=0.0.0.0 lets others in (then without demo users, see DEMO_USERS)']
      : []),
  ];
  for (const { email, password, token } of tokens) {
    lines.push(
      '',
      `  ${email}, password ${password}`,
      `    sign in  http://localhost:${port}/#${email}`,
      `    connect  ws://localhost:${port}${path}?token=${token}`,
    );
  }
  return `\n${lines.join('\n')}\n\n`;
}
