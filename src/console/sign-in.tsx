import { useCallback, useEffect, useState, type FormEvent } from 'react';
import { Api, describeError } from './api/api.js';
import { textOf } from './api/form.js';
import { KEPT } from './kept-token.js';
import { isToken, tokenOfSession } from './session-token.js';
import { SETTINGS } from './settings.js';

interface SignInProps {
  /** Why the user has to sign in again; `null` at first. */
  readonly why: string | null;
  /** True if the page was just opened. Then it signs in with the application's session without a click. */
  readonly isFirst: boolean;
  readonly onSignedIn: (token: string) => void;
}

/** Signs in with the session of the application, if the server names its route, or with an admin's token. */
export function SignIn({ why, isFirst, onSignedIn }: SignInProps) {
  const [problem, setProblem] = useState(why);
  const [isBusy, setBusy] = useState(false);
  const [isWaiting, setWaiting] = useState(isFirst && SETTINGS.session !== '');

  const useSession = useCallback(async (): Promise<void> => {
    const result = await tokenOfSession(SETTINGS.session);
    if ('token' in result) return onSignedIn(result.token);
    setProblem(result.problem);
    setWaiting(false);
  }, [onSignedIn]);
  useEffect(() => {
    if (isWaiting) void useSession();
  }, [isWaiting, useSession]);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const token = textOf(new FormData(event.currentTarget), 'token');
    if (!isToken(token)) return setProblem('This is not a token: it contains characters that tokens cannot have');
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
        {SETTINGS.session !== '' && (
          <>
            <button type="button" disabled={isWaiting} onClick={() => setWaiting(true)}>
              {isWaiting ? 'Signing in…' : 'Use the session of your application'}
            </button>
            <p className="faint small">Sign in to your application as an administrator first, in this browser.</p>
          </>
        )}
        {problem !== null && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <label>
          Admin token
          <input name="token" type="password" autoComplete="off" spellCheck={false} required />
        </label>
        <button type="submit" className={SETTINGS.session === '' ? undefined : 'quiet'} disabled={isBusy}>
          Sign in
        </button>
        <p className="faint small">The token stays in this tab until you sign out or close the tab.</p>
        <details className="small">
          <summary>Where do I get a token?</summary>
          <p>
            It is the access token of a user with the admin role: the one that your application’s sign-in returns, and
            that its pages send as <code>Authorization: Bearer …</code>.
          </p>
          {SETTINGS.session === '' && (
            <p>
              The console can also use the session of your application: with the option <code>consoleSession</code>, or
              if a page on this host stores the token in the session storage under <code>{KEPT}</code>.
            </p>
          )}
        </details>
      </form>
    </main>
  );
}
