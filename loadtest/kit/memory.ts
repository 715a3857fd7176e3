import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { residentMegabytes } from './processes.ts';

/** Milliseconds until a process' inspector must listen. */
const INSPECTOR_TIMEOUT_MS = 10_000;

/** Milliseconds in which V8 returns memory after a collection. */
const REST_MS = 1_000;

/**
 * Measures the memory of a Node process. V8 lets its heap grow while there is room, so that only memory after a
 * collection shows growth. The process' inspector collects.
 *
 * @param program.logFile its output, which names the inspector's address
 */
export async function openMemory({ pid, logFile }: { pid: number; logFile: string }) {
  process.kill(pid, 'SIGUSR1'); // Node opens its inspector
  const deadline = performance.now() + INSPECTOR_TIMEOUT_MS;
  let address: string | undefined;
  while (address === undefined) {
    if (performance.now() > deadline) throw new Error(`the inspector of process ${pid} does not listen`);
    await sleep(50);
    address = /Debugger listening on (ws:\S+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
  }
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, 'open');

  return {
    /** Megabytes that remain after a collection. */
    async settled(): Promise<number> {
      for (let id = 1; id <= 2; id += 1) {
        socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
        await once(socket, 'message');
        await sleep(REST_MS);
      }
      return residentMegabytes(pid);
    },
    close: () => socket.terminate(),
  };
}
