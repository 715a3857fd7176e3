import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedServer } from '../../local/embedded/server-process.ts';

/** Milliseconds in which a server must run again: after a kill PostgreSQL refuses to start for a moment. */
const RESTART_TIMEOUT_MS = 60_000;

const STOP_MS = 10_000;

/** Starts a database server that can be killed, frozen, and started again on its data. */
export async function runServer(embedded: EmbeddedServer) {
  let running = await embedded.start();
  return {
    url: embedded.url,

    /** Kills it, as a power cut does. */
    async kill(): Promise<void> {
      process.kill(running.identity.pid, 'SIGKILL');
      await running.exited;
    },

    /** Stops its process without an end (SIGSTOP): its connections stay open and are silent. */
    freeze: () => void process.kill(running.identity.pid, 'SIGSTOP'),

    /** Lets a frozen one go on. */
    thaw: () => void process.kill(running.identity.pid, 'SIGCONT'),

    /** Stops it in order. */
    stop: () => running.stop(STOP_MS),

    /** Starts it after its end, and tries again until it runs. */
    async start(): Promise<void> {
      const deadline = performance.now() + RESTART_TIMEOUT_MS;
      for (;;) {
        try {
          running = await embedded.start();
          return;
        } catch (fault) {
          if (performance.now() > deadline) throw fault;
          await sleep(200);
        }
      }
    },

    /** Whether its process has ended. */
    hasEnded: () => Promise.race([running.exited.then(() => true), sleep(0).then(() => false)]),
  };
}

export type KillableServer = Awaited<ReturnType<typeof runServer>>;
