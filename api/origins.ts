/** Whether a browser's `Origin` is the host that it talks to. TLS may end before us: the scheme does not count. */
export const isOwnOrigin = (origin: string, host: string | undefined): boolean =>
  /^https?:\/\/(.+)$/.exec(origin)?.[1] === host;
