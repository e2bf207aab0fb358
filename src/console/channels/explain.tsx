import { useState, type FormEvent } from 'react';
import { describeError, useApi } from '../api/api.js';
import { textOf } from '../api/form.js';
import type { Explanation } from '../../realtime/http/operator-shapes.js';

/** Explains why a user can or cannot use a channel. */
export function Explain() {
  const api = useApi();
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const ask = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const query = Object.fromEntries(
      ['channel', 'user', 'roles', 'tenant'].map((name) => [name, textOf(fields, name)]),
    );
    try {
      setAnswer(await api.get<Explanation>('explain', query));
      setProblem(null);
    } catch (error) {
      setAnswer(null);
      setProblem(describeError(error));
    }
  };

  return (
    <section className="card" aria-labelledby="explain-title">
      <header>
        <h2 id="explain-title">Check access to a channel</h2>
      </header>
      <form className="filters" onSubmit={(event) => void ask(event)}>
        <label>
          Channel
          <input name="channel" required />
        </label>
        <label>
          User
          <input name="user" placeholder="anonymous" />
        </label>
        <label>
          Role
          <input name="roles" placeholder="user" />
        </label>
        <label>
          Tenant
          <input name="tenant" placeholder="none" />
        </label>
        <button type="submit">Check access</button>
      </form>
      <div role="status">
        {answer !== null && (
          <div className="answer">
            <p>
              <span className="state" data-condition={answer.allowed ? 'serving' : 'gone'}>
                {answer.allowed ? 'Allowed' : 'Denied'}
              </span>{' '}
              <code>{answer.channel}</code>
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
        )}
      </div>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
