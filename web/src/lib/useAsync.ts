import { useCallback, useEffect, useState } from 'react';

export type Async<T> = { state: 'loading' } | { state: 'done'; value: T } | { state: 'failed'; error: unknown };

/** What a promise comes to; asked again when a dependency changes or on demand. */
export function useAsync<T>(ask: () => Promise<T>, deps: unknown[]): Async<T> & { again: () => void } {
  const [result, setResult] = useState<Async<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    setResult((r) => (r.state === 'done' ? r : { state: 'loading' }));
    ask().then(
      (value) => current && setResult({ state: 'done', value }),
      (error: unknown) => current && setResult({ state: 'failed', error })
    );
    return () => {
      current = false;
    };
  }, [...deps, round]); // eslint-disable-line react-hooks/exhaustive-deps
  const again = useCallback(() => setRound((n) => n + 1), []);
  return { ...result, again };
}
