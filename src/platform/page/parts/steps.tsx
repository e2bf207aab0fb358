const STEPS = ['started', 'building', 'deploying', 'completed'];

interface StepsProps {
  readonly name: string;
  /** Status of the deployment; `undefined` before the first one. */
  readonly status: string | undefined;
}

/** Shows how far a deployment is. It takes up space without one too, so that the layout does not shift when one starts. */
export function Steps({ name, status }: StepsProps) {
  const done = status === 'failed' ? STEPS.length : STEPS.indexOf(status ?? '') + 1;
  return (
    <div
      className="progress"
      data-status={status ?? 'none'}
      role="progressbar"
      aria-label={`Deployment of ${name}`}
      aria-valuemin={0}
      aria-valuemax={STEPS.length}
      aria-valuenow={done}
      aria-valuetext={status ?? 'not deployed yet'}
    >
      {STEPS.map((step, index) => (
        <span key={step} data-done={index < done} />
      ))}
    </div>
  );
}
