import { useCallback, useState } from 'react';
import type { SignedIn } from './api/types.js';
import { Notice, NoticeProvider, useNotice } from './parts/notice.js';
import { Session } from './session.js';
import { SignIn } from './sign-in.js';

/** Where the sign-in is kept, for as long as the tab is open. */
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
  const { tell } = useNotice();
  const [signedIn, setSignedIn] = useState(kept);

  const start = useCallback(
    (who: SignedIn) => {
      sessionStorage.setItem(KEPT, JSON.stringify(who));
      tell(null);
      setSignedIn(who);
    },
    [tell],
  );
  const end = useCallback(
    (why: string | null) => {
      sessionStorage.removeItem(KEPT);
      tell(why);
      setSignedIn(null);
    },
    [tell],
  );

  return signedIn === null ? <SignIn onSignedIn={start} /> : <Session signedIn={signedIn} onEnd={end} />;
}

function kept(): SignedIn | null {
  const text = sessionStorage.getItem(KEPT);
  return text === null ? null : (JSON.parse(text) as SignedIn);
}
