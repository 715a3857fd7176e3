import { useRef, useState } from 'preact/hooks';
import { type FrontrowError, randomKey } from '../../../../client/src/index.ts';
import { isRefused } from '../../../refused.ts';
import type { Act, Operator } from '../../operator-client.ts';

/**
 * An act of an operator:
 *
 * - `idle`: nothing was sent, or the form has changed since.
 * - `sending`: it cannot be sent twice.
 * - `done`, `refused`: the server has answered.
 * - `lost`: no answer came. It may be done: the same body is sent under the same idempotency key.
 */
export type ActState<Answer> =
  | { step: 'idle' }
  | { step: 'sending' }
  | { step: 'done'; answer: Answer }
  | { step: 'refused'; fault: FrontrowError }
  | { step: 'lost' };

/** Times that a request is repeated which is in the queue still: each waits some ten seconds for its outcome. */
const MAX_WAITS = 6;

/** Sends acts, one at a time. A request that is in the queue is repeated until it has its outcome. */
export function useAct<Answer>(operator: Operator) {
  const [state, setState] = useState<ActState<Answer>>({ step: 'idle' });
  const isSending = useRef(false);
  const pending = useRef<{ text: string; key: string }>(undefined);

  /** @returns where the act stands then; one that is under way is not sent again */
  async function run(act: Omit<Act, 'key'>): Promise<ActState<Answer>> {
    if (isSending.current) return { step: 'sending' };
    isSending.current = true;
    setState({ step: 'sending' });
    const reached = await send(act);
    isSending.current = false;
    setState(reached);
    return reached;
  }

  async function send(act: Omit<Act, 'key'>): Promise<ActState<Answer>> {
    const text = JSON.stringify(act);
    if (pending.current?.text !== text) pending.current = { text, key: randomKey() };
    const { key } = pending.current;
    try {
      for (let waits = 0; waits < MAX_WAITS; waits += 1) {
        const { isDone, answer } = await operator.act<Answer>({ ...act, key });
        if (!isDone) continue;
        pending.current = undefined;
        return { step: 'done', answer };
      }
      return { step: 'lost' };
    } catch (fault) {
      if (!isRefused(fault)) return { step: 'lost' };
      if (!fault.isTemporary) pending.current = undefined;
      return { step: 'refused', fault };
    }
  }

  return { state, run, reset: () => setState({ step: 'idle' }) };
}
