import type { Socket } from 'node:net';

/** The open connections of each client, so that all connections of one client can be closed at once. */
export function createConnectionOwners() {
  const ownerOf = new WeakMap<Socket, string>();
  const socketsOf = new Map<string, Set<Socket>>();

  function remove(client: string, socket: Socket): void {
    const sockets = socketsOf.get(client);
    sockets?.delete(socket);
    if (sockets?.size === 0) socketsOf.delete(client);
  }

  return {
    /** The client that owns a connection; undefined where it was not added. */
    ownerOf: (socket: Socket): string | undefined => ownerOf.get(socket),

    add(client: string, socket: Socket): void {
      ownerOf.set(socket, client);
      const sockets = socketsOf.get(client) ?? new Set();
      socketsOf.set(client, sockets.add(socket));
      socket.once('close', () => remove(client, socket));
    },

    destroyAll(client: string): void {
      for (const socket of socketsOf.get(client) ?? []) socket.destroy();
    },
  };
}

export type ConnectionOwners = ReturnType<typeof createConnectionOwners>;
