import { useQuery, type QueryKey } from '@tanstack/react-query';
import { useApi } from './api.js';
import type { Person, Row, StoredFile, Table } from './types.js';

const NONE: readonly never[] = [];

/** Loads a list of the API once; `useReloadedLists` keeps it up to date. */
function useList<T>(queryKey: QueryKey, path: string, enabled = true): readonly T[] {
  const api = useApi();
  const { data } = useQuery({ queryKey, queryFn: () => api.get<T[]>(path), enabled });
  return data ?? NONE;
}

export const useTables = (): readonly Table[] => useList(['tables'], '/database/tables?limit=500');

/** @param table empty if there is no table yet */
export const useRows = (table: string): readonly Row[] =>
  useList(['rows', table], `/database/tables/${table}/rows?limit=500`, table !== '');

export const useFiles = (): readonly StoredFile[] => useList(['files'], '/storage/files?limit=500');

/** Returns a function that finds the name of a user by id. */
export function useNames(): (id: string) => string {
  const people = useList<Person>(['people'], '/users?limit=500');
  return (id) => people.find((person) => person.id === id)?.name ?? 'Unknown user';
}
