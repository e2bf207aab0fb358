import { useState, type FormEvent } from 'react';
import { describeError, useApi } from '../api/api.js';
import { textOf } from '../api/form.js';

/** Publishes an event. */
export function Publish({ channel }: { readonly channel: string }) {
  const api = useApi();
  const [told, setTold] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const publish = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const name = textOf(fields, 'channel');
    const tenant = textOf(fields, 'tenant');
    setTold(null);
    try {
      const data = parse(textOf(fields, 'data'));
      const { id } = await api.post<{ id?: string }>('events', {
        channel: name,
        data,
        ...(tenant !== '' && { tenant }),
      });
      setTold(`Published on ${name}${id === undefined ? '' : ` as ${id}`}`);
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof SyntaxError ? `The data is no JSON: ${error.message}` : describeError(error));
    }
  };

  return (
    <section className="card" aria-labelledby="publish-title">
      <header>
        <h2 id="publish-title">Publish an event</h2>
      </header>
      <form className="stack" onSubmit={(event) => void publish(event)}>
        <label>
          Channel to publish on
          <input key={channel} name="channel" defaultValue={channel} required />
        </label>
        <label>
          Data, as JSON
          <textarea name="data" rows={6} spellCheck={false} defaultValue="{}" required />
        </label>
        <label>
          Tenant, where each has such a channel
          <input name="tenant" placeholder="none" />
        </label>
        <button type="submit">Publish</button>
      </form>
      <p role="status">{told}</p>
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
