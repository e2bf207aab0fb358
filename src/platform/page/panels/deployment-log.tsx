import { useLayoutEffect, useRef } from 'react';
import { useStream } from '../../../react/index.js';
import { useContinue } from '../api/commands.js';
import type { Deployment } from '../api/types.js';
import { ActionButton } from '../parts/action.js';
import { useNotice } from '../parts/notice.js';
import { describeLog } from './describe-log.js';

interface DeploymentLogProps {
  /** Name of the application. */
  readonly name: string;
  readonly deployment: Deployment;
  /** True if the user can cancel and continue the deployment. */
  readonly canChange: boolean;
  /** True if another button cancels the deployment. */
  readonly hasCancel: boolean;
}

/** Distance from the end below which the log follows new lines, in pixels. */
const END_PX = 8;

/** Shows the log of a deployment as it is written, and lets its owner cancel it, or continue it after its instance was killed. */
export function DeploymentLog({ name, deployment: { id, endedAt }, canChange, hasCancel }: DeploymentLogProps) {
  const log = useStream(`deployments:${id}:log`);
  const { call, state } = useContinue();
  const { notify } = useNotice();
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current !== null && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log.text]);
  const canCancel = canChange && !hasCancel && log.state === 'open';
  const canContinue = canChange && endedAt === null && log.state === 'failed';
  return (
    <div className="deployment-log" data-state={log.state}>
      <pre
        ref={box}
        role="log"
        tabIndex={0}
        aria-label={`Log of ${name}`}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < END_PX;
        }}
      >
        {log.gaps.length > 0 && '[The beginning is not kept any more]\n'}
        {log.text}
      </pre>
      <div className="log-foot">
        <p>{describeLog(log)}</p>
        {canCancel && (
          <ActionButton label={`Cancel the deployment of ${name}`} action={() => log.cancel().catch(ignoreEnded)}>
            Cancel
          </ActionButton>
        )}
        {canContinue && (
          <button
            type="button"
            className="quiet small"
            aria-label={`Continue the deployment of ${name}`}
            disabled={state === 'pending'}
            onClick={() => void call({ id }).catch((error: Error) => notify(error.message))}
          >
            Continue
          </button>
        )}
      </div>
    </div>
  );
}

/** A log that has ended meanwhile needs no cancelling. */
function ignoreEnded(error: Error & { readonly code?: string }): void {
  if (error.code !== 'not_found') throw error;
}
