import { effectScope, getCurrentInstance, onMounted } from 'vue';

/**
 * Runs a function when the component is mounted, which never happens on a server. Outside of a component it runs at once.
 * Its watchers and `onScopeDispose` belong to the scope of the caller.
 */
export function whenMounted(start: () => void): void {
  const scope = effectScope();
  const begin = (): void => {
    if (scope.active) scope.run(start);
  };
  if (getCurrentInstance()) onMounted(begin);
  else begin();
}
