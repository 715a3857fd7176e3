import { HERD_BUYERS, type HerdRequest, type HerdView, herdMessage } from '../../shared/contract/herd.ts';

const NONE: HerdView = { status: 'none', buyers: HERD_BUYERS, answered: 0, accepted: 0, settled: 0 };

/** The channel to the process that started this one and runs herds. */
type Parent = Pick<NodeJS.Process, 'on' | 'off' | 'send'>;

/** The event page's herd button: has the parent process run a herd, one at a time, and keeps its last view. */
export function createHerd(parent: Parent) {
  let view = NONE;

  function receive(message: unknown): void {
    const parsed = herdMessage.safeParse(message);
    if (parsed.success) view = parsed.data.herd; // else it is about something else
  }

  parent.on('message', receive);
  return {
    view: () => view,

    /** Sends the herd to an API, unless one is under way. */
    start(url: string): void {
      if (view.status === 'running' || view.status === 'checking') return;
      view = { ...NONE, status: 'running' };
      parent.send?.({ startHerd: url } satisfies HerdRequest);
    },

    stop: () => void parent.off('message', receive),
  };
}

export type Herd = ReturnType<typeof createHerd>;
