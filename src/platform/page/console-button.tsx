import { useQuery } from '@tanstack/react-query';
import { useApi } from './api/api.js';

/** Key under which the operators' console keeps its token until the tab closes. */
const CONSOLE_TOKEN = 'realtime.console.token';

/** Opens the operators' console with the token of this session, if the platform serves the console. */
export function ConsoleButton() {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ['links'],
    queryFn: () => api.get<{ readonly console: string | null }>('/links'),
  });
  const address = data?.console ?? null;
  if (address === null || api.token === null) return null;
  const { token } = api;
  const open = (): void => {
    sessionStorage.setItem(CONSOLE_TOKEN, token);
    location.assign(address);
  };
  return (
    <button type="button" className="quiet small" onClick={open}>
      Console
    </button>
  );
}
