// The page that a client runs in, as far as there is one. Node has no page, and this package needs no types of the DOM.

type Listen = (type: string, listener: (event: { key?: string | null }) => unknown) => void;

/** The parts of a browser's window that this package uses. */
type Window = {
  addEventListener: Listen;
  removeEventListener: Listen;
  document: { readonly hidden: boolean; addEventListener: Listen; removeEventListener: Listen };
  navigator: {
    readonly onLine: boolean;
    readonly locks?: {
      request: (
        name: string,
        options: { signal?: AbortSignal | undefined },
        action: () => Promise<void>,
      ) => Promise<void>;
    };
  };
};

/** A WebSocket as browsers, and Node from version 22 on, have it. */
export type PlainSocket = {
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((message: { data: string }) => void) | null;
  /** A failure is followed by a close. The `ws` package throws the error of a socket without this listener. */
  onerror: (() => void) | null;
  send: (text: string) => void;
  close: () => void;
};

/** The window of this page; undefined in Node and in workers. */
export const page: Window | undefined = 'document' in globalThis ? (globalThis as unknown as Window) : undefined;

/** @throws TypeError where there is no WebSocket; another error where the browser is set to open none */
export function openWebSocket(url: URL): PlainSocket {
  const { WebSocket: Socket } = globalThis as unknown as { WebSocket: new (url: URL) => PlainSocket };
  return new Socket(url);
}

/** Calls a function when the browser is online again, and when the page is visible again. @returns the end of it */
export function followPage(wake: () => void): () => void {
  if (page === undefined) return () => {};
  const show = () => page?.document.hidden || wake();
  page.addEventListener('online', wake);
  page.document.addEventListener('visibilitychange', show);
  return () => {
    page?.removeEventListener('online', wake);
    page?.document.removeEventListener('visibilitychange', show);
  };
}
