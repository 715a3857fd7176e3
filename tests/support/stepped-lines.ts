import type { useSystem } from './system.ts';

/** Lines whose admission steps a test makes itself, one at a time. */
export function steppedLines(system: ReturnType<typeof useSystem>) {
  /** Creates events that are on sale with open houses, without a worker to open them. */
  async function prepareEvents(count: number): Promise<number[]> {
    const { events, seats } = system();
    const made: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const event = await events.nextId();
      const zones = [{ rows: 10, seatsPerRow: 50, price: 0 }];
      await events.create(event, { name: 'Concert', currency: 'EUR', zones });
      await seats.open(event);
      made.push(event);
    }
    return made;
  }

  /** A line of this many people whose admission steps run one at a time, a quarter of a second apart. */
  async function steppedLine(people: number) {
    await system().stopWorkers();
    const { rooms } = system();
    const [event = 0] = await prepareEvents(1);
    await rooms.change(event, { mode: 'on' });
    const line = { eventId: event, generation: await rooms.open(event) };
    await rooms.serve(line, { serving: 0, numbers: people, people: null, chain: '' });
    await rooms.join(line, people, '0'.repeat(64));
    return {
      event,
      line,
      /** @returns the last position that was called */
      async step(seats: number, sinceMs = 250): Promise<number> {
        await system().redis.hset(`{s0}:room:${event}`, 'stepMs', Date.now() - sinceMs);
        const step = await rooms.advance({ ...line, steppedMs: 0 }, seats);
        if (typeof step !== 'object') throw new Error(`no step: ${step}`);
        await rooms.serve(line, { serving: step.proposed, numbers: 0, people: null, chain: '' });
        return step.proposed;
      },
    };
  }

  /** Backdates the turns of called visitors by this many milliseconds. */
  async function passTime(event: number, ms: number): Promise<void> {
    const history = `{s0}:room-history:${event}`;
    const entries = await system().redis.zrange(history, '0', '-1', 'WITHSCORES');
    const passing = system().redis.pipeline();
    for (let i = 0; i < entries.length; i += 2) passing.zadd(history, Number(entries[i + 1]) - ms, String(entries[i]));
    await passing.exec();
  }

  return { prepareEvents, steppedLine, passTime };
}
