import { useState, type FormEvent } from 'react';
import { Api, describeError } from './api/api.js';
import { textOf } from './api/form.js';
import { KEPT } from './kept-token.js';

interface SignInProps {
  /** Why the user has to sign in again; `null` at first. */
  readonly why: string | null;
  readonly onSignedIn: (token: string) => void;
}

/** Asks for an admin's token and verifies it with a request. */
export function SignIn({ why, onSignedIn }: SignInProps) {
  const [problem, setProblem] = useState(why);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const token = textOf(new FormData(event.currentTarget), 'token');
    if (!/^[\w.~+/=-]+$/.test(token))
      return setProblem('This is not a token: it contains characters that tokens cannot have');
    setBusy(true);
    try {
      await new Api(token).get('stats');
      onSignedIn(token);
    } catch (error) {
      setProblem(describeError(error));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <h1 className="brand">
          <span className="mark" aria-hidden="true" /> Realtime console
        </h1>
        <label>
          Admin token
          <input name="token" type="password" autoComplete="off" spellCheck={false} required />
        </label>
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
        <p className="faint small">The token stays in this tab until you sign out or close the tab.</p>
        <details className="small">
          <summary>Where do I get a token?</summary>
          <p>
            It is the access token of a user with the admin role: the one that your application’s sign-in returns, and
            that its pages send as <code>Authorization: Bearer …</code>.
          </p>
          <p>
            A page of your application on this host can also open the console signed in: with the token in the session
            storage, under <code>{KEPT}</code>.
          </p>
        </details>
        {problem !== null && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </main>
  );
}
