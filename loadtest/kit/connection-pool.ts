import { type Connection, createConnection } from './connection.ts';

/** The queue of a pool is shortened after this many of its entries were served. */
const MAX_SERVED = 10_000;

/** Connections that are kept open. Where none is idle, requests wait for one in order. */
export function openPool(url: string, connections: number) {
  const idle: Connection[] = Array.from({ length: connections }, () => createConnection(url));
  const all = [...idle];
  let waiting: ((connection: Connection) => void)[] = [];
  let served = 0;

  function put(connection: Connection): void {
    const first = waiting[served];
    if (first === undefined) return void idle.push(connection);
    served += 1;
    if (served === waiting.length || served === MAX_SERVED) {
      waiting = waiting.slice(served);
      served = 0;
    }
    first(connection);
  }

  return {
    async use<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
      const connection = idle.pop() ?? (await new Promise<Connection>((resolve) => waiting.push(resolve)));
      try {
        return await work(connection);
      } finally {
        put(connection);
      }
    },
    close(): void {
      for (const connection of all) connection.close();
    },
  };
}

export type Pool = ReturnType<typeof openPool>;
