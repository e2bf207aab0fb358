import type { Explanation } from '../../realtime/http/operator-shapes.js';
import type { Check } from './check.js';

/** Shows whether a user can use a channel, and why. */
export function Answer({ answer, check }: { readonly answer: Explanation; readonly check: Check }) {
  return (
    <div className="answer">
      <p>
        <span className="state" data-condition={answer.allowed ? 'serving' : 'gone'}>
          {answer.allowed ? 'Allowed' : 'Denied'}
        </span>{' '}
        <code>{answer.channel}</code>{' '}
        <span className="faint">for {check.user === '' ? 'a client without a token' : check.user}</span>
      </p>
      <dl className="details">
        {[
          ['Rule', answer.rule],
          ['Policy', answer.policy],
          ['Reason', answer.reason],
          ['Field groups', answer.groups.join(', ') || null],
          ['Fields', answer.fields.join(', ') || null],
        ].map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? '–'}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
