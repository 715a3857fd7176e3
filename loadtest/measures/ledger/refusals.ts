import { createHash } from 'node:crypto';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { BookRequest, Idempotency } from '../../../shared/contract/jobs.ts';
import { newBatch } from '../../../shared/domain/ticket-id.ts';
import type { Check } from '../../kit/report.ts';
import type { Stores } from '../../kit/stores.ts';
import { BATCH_REQUESTS, FIXED_HOUSE } from '../fixed-batches.ts';
import { REFUSED_MS, readLastingKeys, steadyDataBytes } from './records.ts';

/**
 * The seats in the middle of a row, which the fixed batches have sold. Their refusal lists other seats: it is the
 * longest that a herd gets.
 */
const TAKEN = { zone: 1, row: 1, start: Math.floor(FIXED_HOUSE.SEATS_PER_ROW / 2), count: 2 };

/** `bytes`: of memory, when all are settled. `records`: keys that then end within ten minutes. */
export type Refusals = {
  requests: number;
  isKeyed: boolean;
  bytes: number;
  records: number;
  checks: Check[];
};

const digestOf = (text: string) => createHash('sha256').update(text).digest('base64url');

const keyOf = (ticketId: string): Idempotency => ({ digest: digestOf(ticketId), fingerprint: digestOf('request') });

/** Accepts, claims and settles one batch of requests for seats that are taken. */
async function refuseBatch({ tickets, seats }: Stores, size: number, isKeyed: boolean): Promise<void> {
  const nextId = newBatch(0);
  const requests: BookRequest[] = Array.from({ length: size }, () => {
    const ticketId = nextId();
    const own = { ticketId, eventId: DEFAULT_EVENT, wish: TAKEN, hold: false };
    return isKeyed ? { ...own, idempotency: keyOf(ticketId) } : own;
  });
  const ids = requests.map(({ ticketId }) => ticketId);
  const fresh = requests.map(({ ticketId, eventId, idempotency }) => ({
    ticketId,
    kind: 'book' as const,
    eventId,
    idempotency,
  }));
  await tickets.accept(0, 'node', fresh, { maxQueued: 1_000_000, fresh: true });
  if (isKeyed) await tickets.noteQueued(0, ids);
  const decisions = await seats.claim(0, requests);
  const outcomes = decisions.map((decision, i) => {
    if (decision?.kind !== 'refused') throw new Error(`a claim of taken seats was not refused: ${decision?.kind}`);
    return [ids[i] ?? '', decision.outcome] as const;
  });
  await tickets.settle(0, new Map(outcomes));
}

/**
 * Refuses so many requests, one batch after the other, and reads the memory that they leave: at once, and after the ten
 * minutes in which Redis forgets them. Those need no waiting: every record states its end.
 */
export async function measureRefusals(stores: Stores, requests: number, isKeyed: boolean): Promise<Refusals> {
  const { redis } = stores;
  const keysBefore = await readLastingKeys(redis);
  const before = await steadyDataBytes(redis);
  for (let left = requests; left > 0; left -= BATCH_REQUESTS)
    await refuseBatch(stores, Math.min(left, BATCH_REQUESTS), isKeyed);
  const after = await steadyDataBytes(redis);
  const { lasting, others } = await readLastingKeys(redis);

  const grown = [...lasting].flatMap(([key, bytes]) => {
    const by = bytes - (keysBefore.lasting.get(key) ?? 0);
    return by > 0 ? [{ key, by }] : [];
  });
  const what = `${requests} refused requests ${isKeyed ? 'with a key' : 'without a key'} leave nothing after`;
  return {
    requests,
    isKeyed,
    bytes: after - before,
    records: others - keysBefore.others,
    checks: [
      {
        what: `${what} ${REFUSED_MS / 60_000} minutes`,
        held: grown.length === 0,
        figure: `${grown.reduce((sum, { by }) => sum + by, 0)} bytes`,
        examples: grown.map(({ key, by }) => `${key}: ${by} bytes`),
      },
    ],
  };
}
