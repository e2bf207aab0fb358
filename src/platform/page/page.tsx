import { useCallback, useState } from 'react';
import type { SignedIn } from './api/types.js';
import { Notice, NoticeProvider, useNotice } from './parts/notice.js';
import { Session } from './session.js';
import { SignIn } from './sign-in.js';

/** Key of the session in sessionStorage, which lasts until the tab closes. */
const KEPT = 'platform.signed-in';

export function Page() {
  return (
    <NoticeProvider>
      <SignInOrSession />
      <Notice />
    </NoticeProvider>
  );
}

function SignInOrSession() {
  const { notify } = useNotice();
  const [signedIn, setSignedIn] = useState(kept);

  const start = useCallback(
    (who: SignedIn) => {
      sessionStorage.setItem(KEPT, JSON.stringify(who));
      notify(null);
      setSignedIn(who);
    },
    [notify],
  );
  const end = useCallback(
    (why: string | null) => {
      sessionStorage.clear(); // the console's token is the one of this session
      notify(why);
      setSignedIn(null);
    },
    [notify],
  );

  return signedIn === null ? <SignIn onSignedIn={start} /> : <Session signedIn={signedIn} onEnd={end} />;
}

function kept(): SignedIn | null {
  const text = sessionStorage.getItem(KEPT);
  return text === null ? null : (JSON.parse(text) as SignedIn);
}
