/**
 * A few slots for costly work, shared fairly: each client has one at a time, the clients that wait take turns, and how
 * many may wait is bounded for each client and for all.
 */
export function createFairSlots(bounds: { slots: number; waitingOfClient: number; waiting: number }) {
  const running = new Set<string>();
  /** Waiting work by client, in the order of service; a served client moves to the end. */
  const queues = new Map<string, (() => void)[]>();
  let waiting = 0;

  function startNext(): void {
    for (const [client, queue] of queues) {
      if (running.size >= bounds.slots) return;
      if (running.has(client)) continue;
      const start = queue.shift();
      queues.delete(client);
      if (queue.length > 0) queues.set(client, queue);
      waiting -= 1;
      running.add(client);
      start?.();
    }
  }

  /**
   * Runs work once its client has a slot.
   *
   * @returns undefined, without running the work, if too many wait
   */
  return function run<Result>(client: string, work: () => Promise<Result>): Promise<Result> | undefined {
    const queue = queues.get(client) ?? [];
    if (waiting >= bounds.waiting || queue.length >= bounds.waitingOfClient) return undefined;
    const slot = new Promise<void>((resolve) => queue.push(resolve));
    queues.set(client, queue);
    waiting += 1;
    startNext();
    return slot.then(work).finally(() => {
      running.delete(client);
      const remaining = queues.get(client);
      if (remaining !== undefined && queues.delete(client)) queues.set(client, remaining);
      startNext();
    });
  };
}
