import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** Milliseconds until a process' inspector must listen. */
const INSPECTOR_TIMEOUT_MS = 10_000;

/** Milliseconds that V8 is given to hand back what it has collected. */
const REST_MS = 1_000;

/** Megabytes that a process has in memory now, from the operating system (Linux only). */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/**
 * Looks into a Node process' memory. V8 lets its heap grow for as long as there is room, so what a process has in memory
 * tells of growth only after everything was collected that can be: its inspector is asked to.
 *
 * @param logFile where the process' output goes, which tells where its inspector listens
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
    /** Megabytes that are left after a rest, once everything that can be is collected. */
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
