import { useState, type FormEvent } from 'react';
import { describeError, useApi } from '../api/api.js';
import { textOf } from '../api/form.js';
import { SETTINGS } from '../settings.js';
import { nameOf, type FollowedChannel } from './followed-channel.js';

export function Publish({ followed }: { readonly followed: FollowedChannel }) {
  const api = useApi();
  const [result, setResult] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const publish = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const name = textOf(fields, 'channel');
    const tenant = textOf(fields, 'tenant');
    setResult(null);
    try {
      const data = parse(textOf(fields, 'data'));
      const { id } = await api.post<{ id?: string }>('events', {
        channel: name,
        data,
        ...(tenant !== '' && { tenant }),
      });
      setResult(`Published to ${name}${id === undefined ? '' : ` as ${id}`}`);
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof SyntaxError ? `The data is not valid JSON: ${error.message}` : describeError(error));
    }
  };

  return (
    <section className="card" aria-labelledby="publish-title">
      <header>
        <h2 id="publish-title">Publish an event</h2>
      </header>
      <form className="stack" onSubmit={(event) => void publish(event)}>
        <label>
          Channel to publish to
          <input key={nameOf(followed)} name="channel" defaultValue={followed.channel} required />
        </label>
        <label>
          Data (JSON)
          <textarea name="data" rows={6} spellCheck={false} defaultValue="{}" required />
        </label>
        {SETTINGS.hasTenants && (
          <label>
            Tenant
            <input
              key={nameOf(followed)}
              name="tenant"
              placeholder="none: a global channel"
              defaultValue={followed.tenant}
            />
          </label>
        )}
        <button type="submit">Publish</button>
      </form>
      <p role="status">{result}</p>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

/** @throws SyntaxError */
function parse(text: string): unknown {
  return JSON.parse(text);
}
