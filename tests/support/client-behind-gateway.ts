import { afterAll, afterEach } from '@jest/globals';
import { createClient } from '../../client/src/index.ts';
import { type Gateway, startGateway } from './faulty-gateway.ts';
import { cleanUp } from './processes.ts';

/**
 * For a file whose clients reach its system through a gateway that fails on purpose. After each test the clients and
 * the gateway are closed, there is no WebSocket, and the workers run.
 *
 * @returns a function that opens a gateway and a client of it
 */
export function useClientBehindGateway(system: () => { url: string; resumeWorkers: () => Promise<void> }) {
  let gateway: Gateway | undefined;
  const clients: { close: () => void }[] = [];
  afterAll(cleanUp);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    Object.assign(globalThis, { WebSocket: undefined });
    await gateway?.close();
    gateway = undefined;
    await system().resumeWorkers();
  });

  return async function open() {
    gateway = await startGateway(system().url);
    const client = createClient({ baseUrl: gateway.url });
    clients.push(client);
    return { client, gateway };
  };
}
