import type { HttpAnswer } from './conversation.js';
import { jsonOf, messageOf, waitOf } from './http-answer.js';
import type { Problem } from './network-problem.js';
import { printable, shortened } from './printable.js';

/** Answer to a request to publish, or the failure of the request. */
export type PublishAnswer = HttpAnswer | { readonly failed: Problem; readonly mayHaveArrived: boolean };

/** An event that was published, or the problem in sentences. */
export type PublishOutcome = { readonly id: string; readonly json: string } | { readonly problem: string };

const UNKNOWN = 'It is unknown if the event was published.';

/** Describes the answer to a request to publish one event. */
export function describeAnswer(
  answer: PublishAnswer,
  { hasIdempotencyKey }: { readonly hasIdempotencyKey: boolean },
): PublishOutcome {
  const repeat = hasIdempotencyKey
    ? 'Repeat the same command: the --idempotency-key prevents a second event.'
    : 'Look for it before you repeat the command, and repeat with an --idempotency-key.';
  if ('failed' in answer) {
    const { problem, advice } = answer.failed;
    const after = answer.mayHaveArrived ? [UNKNOWN, repeat] : advice;
    return { problem: [`${answer.mayHaveArrived ? 'no answer' : 'not published'}: ${problem}`, ...after].join('\n  ') };
  }
  const { status, headers, body } = answer;
  const fields = (jsonOf(body) ?? {}) as Readonly<Record<string, unknown>>;
  if (status === 201) return publishedOf(fields);
  const message = messageOf(answer);
  const failed = (...advice: readonly string[]): PublishOutcome => ({
    problem: [`not published: HTTP ${status}${message === '' ? '' : `: ${message}`}`, ...advice].join('\n  '),
  });
  if (status >= 300 && status < 400) {
    return failed(`The server redirects to ${shortened(headers.location ?? 'another address')}: use that address.`);
  }
  switch (status) {
    case 400:
      return failed(...fieldProblemsOf(fields));
    case 401:
      return failed('The key or the token is unknown to the server, or the token has ended. "whoami" checks a token.');
    case 403:
      return failed('Use the token of an administrator, or a key whose scope includes this event.');
    case 404:
      return failed('The path is wrong. With a global prefix of the application: --path /api/realtime/events');
    case 413:
      return failed('The data is larger than the server accepts (option maxEventBytes), or than a proxy does.');
    case 429:
      return failed(`A rate limit was exceeded. Try again ${waitOf(headers)}.`);
    case 503:
      return fields['mayBePublished'] === true
        ? failed(UNKNOWN, repeat)
        : failed(`Nothing was published. Try again ${waitOf(headers)}.`);
    default:
      return status >= 500 ? failed(UNKNOWN, repeat) : failed();
  }
}

function publishedOf(fields: Readonly<Record<string, unknown>>): PublishOutcome {
  const { id, dropped } = fields;
  if (typeof id !== 'string') return { problem: 'the answer has no id: is this the address of the module?' };
  if (dropped === true)
    return { problem: 'not sent: the data does not fit the class of the channel, and the server drops such events' };
  return { id: printable(id), json: printable(JSON.stringify(fields)) };
}

/** Returns one line for each invalid field of the request. */
function fieldProblemsOf({ details }: Readonly<Record<string, unknown>>): string[] {
  if (!Array.isArray(details)) return [];
  return details.map((detail: unknown) => {
    const { field, message } = (detail ?? {}) as { readonly field?: unknown; readonly message?: unknown };
    const name = typeof field === 'string' && field !== '' ? field : 'the event';
    return shortened(`${name}: ${typeof message === 'string' ? message : 'is invalid'}`);
  });
}
