import type { IncomingMessage } from 'node:http';

/** The reason why a request to the module's path is not a WebSocket handshake. */
export interface UpgradeProblem {
  readonly status: '400 Bad Request' | '426 Upgrade Required';
  readonly headers: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Maximum length of a header value in an error message, in characters. */
const MAX_QUOTED = 100;

/** Validates the handshake as in RFC 6455, section 4.2.1. @returns `null` if it is valid */
export function upgradeProblem({
  method,
  headers,
}: Pick<IncomingMessage, 'method' | 'headers'>): UpgradeProblem | null {
  const { upgrade = '', 'sec-websocket-key': key, 'sec-websocket-version': version } = headers;
  if (upgrade.toLowerCase() !== 'websocket') {
    return mustUpgrade(`This path serves WebSocket. Send "Upgrade: websocket" instead of ${quoted(upgrade)}.`, {
      Connection: 'Upgrade, close',
      Upgrade: 'websocket',
    });
  }
  if (method !== 'GET') return bad(`A WebSocket handshake is a GET request, not ${quoted(method)}.`);
  if (key === undefined || !/^[+/\dA-Za-z]{22}==$/.test(key)) {
    return bad('A WebSocket handshake needs a header Sec-WebSocket-Key: 16 random bytes in Base64.');
  }
  if (version !== '13' && version !== '8') {
    const sentence = `This server supports WebSocket version 13. Send "Sec-WebSocket-Version: 13" instead of ${quoted(version)}.`;
    return mustUpgrade(sentence, { 'Sec-WebSocket-Version': '13' });
  }
  return null;
}

function mustUpgrade(sentence: string, headers: Readonly<Record<string, string>>): UpgradeProblem {
  return { status: '426 Upgrade Required', headers, message: sentence };
}

function bad(sentence: string): UpgradeProblem {
  return { status: '400 Bad Request', headers: {}, message: sentence };
}

function quoted(value = ''): string {
  return JSON.stringify(value.slice(0, MAX_QUOTED));
}
