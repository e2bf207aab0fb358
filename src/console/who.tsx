import type { OperatorDto } from '../realtime/http/operator-shapes.js';
import { useLoaded } from './api/use-loaded.js';

/** Shows who is signed in, and where. */
export function Who() {
  const { answer } = useLoaded<OperatorDto>('whoami');
  if (answer === null) return null;
  const { userId, email, role, instanceId, host } = answer;
  return (
    <p className="who" title={`Answered by the instance ${instanceId} on ${host}`}>
      <span>{email ?? userId}</span> <span className="faint">{`${role} on ${location.host}`}</span>
    </p>
  );
}
