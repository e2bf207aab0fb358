/** Data for the startup message. */
export interface Started {
  readonly port: number;
  /** `null` without a TLS port. */
  readonly tls: { readonly port: number; readonly selfSigned: boolean } | null;
  /** Reason why there is no TLS port; used only if `tls` is `null`. */
  readonly tlsMissing: string;
  readonly path: string;
  /** True if the operators' console is served. */
  readonly console: boolean;
  readonly database: string;
  readonly development: boolean;
  /** True if the platform listens on this machine only. */
  readonly local: boolean;
  /** Tokens of demo users; only in development with a generated secret. */
  readonly tokens: readonly { readonly email: string; readonly password: string; readonly token: string }[];
}

/** Formats the startup message. */
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
      ? ['  open to    this machine only: set HOST=0.0.0.0 to accept others (demo users are off then, see DEMO_USERS)']
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
