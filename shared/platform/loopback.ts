/** Whether an address is this machine's own. */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  /^((::ffff:)?127(\.\d{1,3}){3}|::1)$/.test(address ?? '');

/** Whether a name that something listens on, or that a `Host` header has (a port aside), can only be this machine. */
export const isLoopbackName = (host: string | undefined): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)(:\d{1,5})?$/i.test(host ?? '');
