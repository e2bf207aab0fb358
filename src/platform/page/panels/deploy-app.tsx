import type { useDeploy } from '../api/commands.js';
import type { App } from '../api/types.js';
import { useNotice } from '../parts/notice.js';

/** Reason of a deployment that a user cancelled, here or in its log. */
const CANCELLED = 'Cancelled';

interface DeployAppProps {
  readonly app: App;
  readonly deploy: ReturnType<typeof useDeploy>;
  readonly letFail: boolean;
}

/** A button that deploys an application. While the command of this page runs, it cancels it. */
export function DeployApp({ app: { id, name, status }, deploy: { call, cancel, state }, letFail }: DeployAppProps) {
  const { notify } = useNotice();
  const start = (): void => {
    call({ id, fail: letFail }).then(
      ({ reason }) => notify(reason === CANCELLED ? null : reason),
      (error: Error & { readonly code?: string }) => notify(error.code === 'cancelled' ? null : error.message),
    );
  };
  if (state === 'pending') {
    return (
      <button type="button" className="quiet small" aria-label={`Cancel the deployment of ${name}`} onClick={cancel}>
        Cancel
      </button>
    );
  }
  return (
    <button
      type="button"
      className="quiet small"
      aria-label={`Deploy ${name}`}
      disabled={status === 'deploying'}
      onClick={start}
    >
      Deploy
    </button>
  );
}
