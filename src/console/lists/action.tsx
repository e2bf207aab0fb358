import { useState } from 'react';
import { describeError, useApi } from '../api/api.js';

interface ActionProps {
  readonly name: string;
  /** Name for screen readers, with the channel. */
  readonly label: string;
  readonly path: string;
  readonly tenant?: string | undefined;
  readonly onDone: () => void;
}

/** A button that runs an action of the operator API on one channel, and says what became of it. */
export function Action({ name, label, path, tenant, onDone }: ActionProps) {
  const api = useApi();
  const [state, setState] = useState<'ready' | 'running' | 'done'>('ready');
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (): Promise<void> => {
    setState('running');
    setProblem(null);
    try {
      const query = tenant === undefined ? '' : `?${new URLSearchParams({ tenant }).toString()}`;
      await api.post(path + query, undefined);
      setState('done');
      onDone();
    } catch (error) {
      setState('ready');
      setProblem(describeError(error));
    }
  };
  return (
    <>
      <button
        type="button"
        className="link"
        aria-label={label}
        disabled={state === 'running'}
        onClick={() => void run()}
      >
        {name}
      </button>
      <span role="status" className={problem === null ? 'faint' : 'bad'}>
        {problem !== null ? ` ${problem}` : state === 'done' ? ' done' : ''}
      </span>
    </>
  );
}
