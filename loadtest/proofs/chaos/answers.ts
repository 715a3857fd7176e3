import { readOutcome } from '../../../shared/domain/outcome-text.ts';
import { query } from '../../kit/standby.ts';
import type { Stores } from '../../kit/stores.ts';
import type { Accepted } from './ledger.ts';
import type { ChaosRig } from './rig.ts';

/** Tickets that one call reads. */
const TICKETS_AT_ONCE = 500;

/** The bookings in PostgreSQL. `had`: the seats that each has, or had before an exchange or a release. */
async function readBookings(rig: ChaosRig): Promise<Map<string, { status: string; had: Set<string> }>> {
  type Row = { id: string; status: string; had: string[] };
  const rows = await query<Row>(
    rig.postgres.url,
    `SELECT id, status, ARRAY(
       SELECT array_to_string(booking.seats, ',') UNION
       SELECT array_to_string(ARRAY(SELECT jsonb_array_elements_text(state -> 'seats')), ',')
       FROM booking_change CROSS JOIN LATERAL (VALUES (before), (after)) AS states (state)
       WHERE booking_id = booking.id
     ) AS had FROM booking`,
  );
  return new Map(rows.map(({ id, status, had }) => [id, { status, had: new Set(had) }]));
}

/**
 * Compares the answers to clients with the bookings in PostgreSQL. `changed`: outcomes that became others. `isKept`:
 * whether a booking that a client was told must be there. `isExact`: whether every change that a client was told must.
 */
export async function compareBookings(
  rig: ChaosRig,
  entries: readonly Accepted[],
  { mayForget, isKept, isExact }: { mayForget: boolean; isKept: (id: string) => boolean; isExact: boolean },
) {
  const saved = await readBookings(rig);
  const [lost, changed, wrongAnswers]: [string[], string[], string[]] = [[], [], []];
  for (const { ticketId, outcome, isUnknown } of entries) {
    if (outcome === undefined) {
      if (!isUnknown) lost.push(`${ticketId}: no outcome`);
      else if (!mayForget) lost.push(`${ticketId}: unknown`);
      continue;
    }
    if (outcome.booking === undefined) {
      const row = saved.get(ticketId);
      const isLive = row !== undefined && row.status !== 'FAILED';
      if (isLive && outcome.kind === 'book') changed.push(`${ticketId}: answered ${outcome.code}, is ${row.status}`);
      continue;
    }
    const { id, seats } = outcome.booking;
    const row = saved.get(id);
    if (row === undefined) {
      if (isKept(id)) lost.push(`${ticketId}: answered ${outcome.status} ${id}, which is not there`);
    } else if (!row.had.has(seats.join()) && (isExact || outcome.kind === 'book'))
      wrongAnswers.push(`${id}: answered ${seats}, had ${[...row.had].join(' or ')}`);
  }
  return { lost, changed, wrongAnswers };
}

/** Tickets whose record has another outcome than their clients got. */
export async function changedOutcomes(entries: readonly Accepted[], { tickets }: Stores): Promise<string[]> {
  const changed: string[] = [];
  const decided = entries.filter((entry) => entry.outcome !== undefined);
  for (let from = 0; from < decided.length; from += TICKETS_AT_ONCE) {
    const batch = decided.slice(from, from + TICKETS_AT_ONCE);
    const ids = batch.map(({ ticketId }) => ticketId);
    const { tickets: records } = await tickets.watch(0, '', ids);
    for (const [i, { ticketId, outcome }] of batch.entries()) {
      const recorded = records[i]?.outcome;
      if (recorded === undefined) continue;
      const { status } = readOutcome(ticketId, recorded);
      if (status !== outcome?.status)
        changed.push(`${ticketId}: answered ${outcome?.status}, its ticket has ${status}`);
    }
  }
  return changed;
}
