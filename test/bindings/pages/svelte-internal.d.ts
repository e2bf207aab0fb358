/** Functions that compiled components call. Svelte does not declare them. */
declare module 'svelte/internal/client' {
  export function effect_root(run: () => void): () => void;
}
