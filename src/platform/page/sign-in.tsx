import { useEffect, useRef, useState } from 'react';
import { Api } from './api/api.js';
import type { DemoUser, SignedIn } from './api/types.js';
import { Field, FieldErrorContext } from './parts/field.js';

interface SignInProps {
  readonly onSignedIn: (who: SignedIn) => void;
}

/**
 * Sign-in form. In development it lists the demo users; `#email` in the address, as in the startup message, fills the
 * form.
 */
export function SignIn({ onSignedIn }: SignInProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const demoUsers = useDemoUsers((user) => {
    setEmail(user.email);
    setPassword(user.password);
  });

  const signIn = async (who: Pick<DemoUser, 'email' | 'password'>): Promise<void> => {
    setProblem(null);
    try {
      onSignedIn(await new Api().post<SignedIn>('/auth/login', { email: who.email, password: who.password }));
    } catch (error) {
      setProblem((error as Error).message);
    }
  };

  return (
    <main className="sign-in">
      <div className="sign-in-box">
        <h1 className="brand">
          <span className="mark" aria-hidden="true" /> Live platform
        </h1>
        <form
          className="card"
          onSubmit={(event) => {
            event.preventDefault();
            void signIn({ email, password });
          }}
        >
          <h2>Sign in</h2>
          <FieldErrorContext value={problem === null ? null : { field: 'password', message: problem }}>
            <Field
              label="Email"
              name="email"
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={({ target }) => setEmail(target.value)}
            />
            <Field
              label="Password"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={({ target }) => setPassword(target.value)}
            />
          </FieldErrorContext>
          <button type="submit">Sign in</button>
          {demoUsers.length > 0 && (
            <section className="demo">
              <h3>Or use a demo account</h3>
              <ul>
                {demoUsers.map((user) => (
                  <li key={user.email}>
                    <button type="button" className="quiet" onClick={() => void signIn(user)}>
                      {user.email} <span className="faint">({user.role})</span>
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </form>
      </div>
    </main>
  );
}

/** @param wanted called with the demo user whose email is in the address */
function useDemoUsers(wanted: (user: DemoUser) => void): readonly DemoUser[] {
  const [users, setUsers] = useState<readonly DemoUser[]>([]);
  const onWanted = useRef(wanted);
  useEffect(() => {
    let shown = true;
    new Api().get<{ users: DemoUser[] }>('/demo').then(
      ({ users: found }) => {
        if (!shown) return;
        const named = found.find(({ email }) => email === decodeURIComponent(location.hash.slice(1)));
        if (named !== undefined) onWanted.current(named);
        setUsers(found);
      },
      () => undefined, // There are no demo users outside development.
    );
    return () => {
      shown = false;
    };
  }, []);
  return users;
}
