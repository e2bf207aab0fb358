import fc from 'fast-check';

type Fields<T> = { readonly [K in keyof T]: T[K] extends fc.Arbitrary<infer V> ? V : T[K] };

/** Defines one kind of step. @param weight relative frequency */
export function actionOf<const T extends { readonly what: string }>(
  weight: number,
  { what, ...rest }: T,
): fc.WeightedArbitrary<Fields<T>> {
  const fields = { ...(rest as Record<string, fc.Arbitrary<unknown>>), what: fc.constant(what) };
  return { weight, arbitrary: fc.record(fields) as unknown as fc.Arbitrary<Fields<T>> };
}
