import { rmSync } from 'node:fs';
import './global-setup.ts';

export default async function tearDown(): Promise<void> {
  const { folder, servers } = globalThis.testServers;
  await Promise.all(servers.map((server) => server.stop(5_000)));
  rmSync(folder, { recursive: true, force: true });
}
