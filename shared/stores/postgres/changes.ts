import type { ChangeData, ChangeType } from '../../contract/changes.ts';
import type { Database } from './event-rows.ts';

/**
 * Writes a change that no history has into the feed, in the transaction that makes it. (Triggers write those of
 * bookings and orders.)
 */
export async function noteChange<Type extends ChangeType>(
  database: Database,
  type: Type,
  eventId: number,
  data: ChangeData<Type>,
): Promise<void> {
  await database.$executeRaw`
    INSERT INTO change_batch (type, event_id, count, data)
    VALUES (${type}, ${eventId}::int, 1, jsonb_build_array(${JSON.stringify(data)}::jsonb))`;
}
