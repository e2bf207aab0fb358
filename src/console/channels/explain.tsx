import { useEffect, useRef, useState, type FormEvent } from 'react';
import { describeError, useApi } from '../api/api.js';
import { textOf } from '../api/form.js';
import { SETTINGS } from '../settings.js';
import type { Explanation } from '../../realtime/http/operator-shapes.js';
import { ChannelInput } from './channel-input.js';
import { Answer } from './answer.js';
import { CHECK_FIELDS, recentChecks, type Check } from './check.js';

/**
 * Explains why a user can or cannot use a channel.
 * @param props.start fills the form, and is checked at once if it names a channel
 */
export function Explain({ start }: { readonly start: Check }) {
  const api = useApi();
  const [recent] = useState(recentChecks);
  const [checks, setChecks] = useState(recent.list);
  const [shown, setShown] = useState(start);
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const ask = async (check: Check): Promise<void> => {
    setShown(check);
    try {
      setAnswer(await api.get<Explanation>('explain', check));
      setProblem(null);
      setChecks(recent.add(check));
    } catch (error) {
      setAnswer(null);
      setProblem(describeError(error));
    }
  };
  const onStart = useRef(ask);
  useEffect(() => {
    if (start.channel !== '') void onStart.current(start);
  }, [start]);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    void ask(Object.fromEntries(CHECK_FIELDS.map((name) => [name, textOf(fields, name)])) as Check);
  };

  return (
    <section className="card" aria-labelledby="explain-title">
      <header>
        <h2 id="explain-title">Check access to a channel</h2>
      </header>
      <form className="filters" key={JSON.stringify(shown)} onSubmit={submit}>
        <ChannelInput
          label="Channel"
          name="channel"
          defaultValue={shown.channel}
          recent={[...new Set(checks.map(({ channel }) => channel))]}
        />
        <label>
          User
          <input name="user" placeholder="anonymous" list="recent-users" defaultValue={shown.user} autoComplete="off" />
          <datalist id="recent-users">
            {[...new Set(checks.map(({ user }) => user))].map((user) => (
              <option key={user} value={user} />
            ))}
          </datalist>
        </label>
        <label>
          Role
          <input name="roles" placeholder="user" defaultValue={shown.roles} autoComplete="off" />
        </label>
        <label>
          Limited to
          <input name="limit" placeholder="no limit" defaultValue={shown.limit} autoComplete="off" />
        </label>
        {SETTINGS.hasTenants && (
          <label>
            Tenant
            <input name="tenant" placeholder="none" defaultValue={shown.tenant} autoComplete="off" />
          </label>
        )}
        <button type="submit">Check access</button>
      </form>
      <div role="status">{answer !== null && <Answer answer={answer} check={shown} />}</div>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {checks.length > 0 && (
        <div className="recent" role="group" aria-label="Recent checks">
          <span className="faint small">Recent</span>
          {checks.map((check) => (
            <button key={JSON.stringify(check)} type="button" className="quiet chip" onClick={() => void ask(check)}>
              {nameOf(check)}
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

function nameOf({ channel, user, roles, tenant, limit }: Check): string {
  const who = [user === '' ? 'anonymous' : user, roles, tenant, limit].filter((part) => part !== '').join(', ');
  return `${channel} – ${who}`;
}
