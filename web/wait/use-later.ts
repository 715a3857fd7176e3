import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Milliseconds after which a part that could not be loaded is tried again. */
const AGAIN_MS = 3_000;

/** A part of a page that is loaded beside it, and again where the connection was lost. Undefined: not there yet. */
export function useLater<Props>(load: (() => Promise<ComponentType<Props>>) | undefined) {
  const [part, setPart] = useState<{ Part?: ComponentType<Props> }>({});
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const attempt = (): Promise<void> | undefined =>
      load?.().then(
        (Part) => setPart({ Part }),
        () => {
          timer = setTimeout(attempt, AGAIN_MS);
        },
      );
    void attempt();
    return () => clearTimeout(timer);
  }, [load]);
  return part.Part;
}
