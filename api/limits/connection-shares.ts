/** Connections of one API process: all of its WebSockets, and as many requests again that may wait for an outcome. */
const MAX_CONNECTIONS = 40_000;

/** Of these, one client's: enough for an office or a mobile network behind one address, a tenth of all. */
const MAX_CONNECTIONS_OF_CLIENT = 4_000;

/** Connections past a bound that are still accepted to answer health checks, and one client's share of them. */
const MAX_SPARE = 256;
const MAX_SPARE_OF_CLIENT = 8;

/** Bounds that a test may lower. */
const CONNECTION_BOUNDS = {
  all: MAX_CONNECTIONS,
  ofClient: MAX_CONNECTIONS_OF_CLIENT,
  spare: MAX_SPARE,
  spareOfClient: MAX_SPARE_OF_CLIENT,
};

/** How a connection is treated: served, answered health checks only, or closed at once. */
export type Admittance = 'served' | 'spare' | 'closed';

/** Counts the open connections of a process and of each client in it, and decides how one more is treated. */
export function createConnectionShares(bounds = CONNECTION_BOUNDS) {
  const served = createCounts();
  const spare = createCounts();

  /**
   * @param client the client that owns the connection; undefined for a proxy, which forwards for all clients and has no
   * share
   * @returns how it is treated, and the function to call once it is closed
   */
  return function admit(client: string | undefined): { as: Admittance; close: () => void } {
    const isWithinShare = client === undefined || served.of(client) < bounds.ofClient;
    if (served.all() < bounds.all && isWithinShare) return { as: 'served', close: served.add(client) };
    const isSpareFree = client === undefined || spare.of(client) < bounds.spareOfClient;
    if (spare.all() < bounds.spare && isSpareFree) return { as: 'spare', close: spare.add(client) };
    return { as: 'closed', close: () => undefined };
  };
}

/** Counts open connections, in all and for each client. */
export function createCounts() {
  const byClient = new Map<string, number>();
  let all = 0;

  function remove(client: string | undefined): void {
    all -= 1;
    if (client === undefined) return;
    const remaining = (byClient.get(client) ?? 0) - 1;
    if (remaining > 0) byClient.set(client, remaining);
    else byClient.delete(client);
  }

  return {
    all: () => all,
    of: (client: string) => byClient.get(client) ?? 0,

    /** @returns the function that removes it again */
    add(client: string | undefined): () => void {
      all += 1;
      if (client !== undefined) byClient.set(client, (byClient.get(client) ?? 0) + 1);
      return () => remove(client);
    },
  };
}
