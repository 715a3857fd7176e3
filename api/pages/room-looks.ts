import { createHash } from 'node:crypto';
import type { Look } from '../../shared/contract/look.ts';
import type { RoomLook } from '../../shared/domain/look.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { RoomStore } from '../../shared/stores/rooms.ts';
import { styleOf } from './look-style.ts';
import { within } from './within.ts';

/** Milliseconds for which a look is not read again, and that its first readers wait for it. */
const LOOK_MS = 1_000;
const READ_MS = 400;

/** Events whose looks are in memory. Of others, a page costs a read. */
const MAX_LOOKS = 1_000;

/** Additions of a page with a look to the policy of all pages. */
export type Allowed = { styleHash?: string; imageOrigin?: string };

/** The look of one waiting page. `tag` changes with it. */
export type PageLook = { tag: string; look: Look; sites: readonly string[]; style?: string; allowed: Allowed };

type Known = { readAtMs: number; reading: Promise<void>; text: string; newest: PageLook | undefined };

/**
 * The looks of waiting pages, also of rooms that are off: one read a second at most for an event, however many ask.
 * While PostgreSQL is slow or unavailable, a page has the look that was read before, or none.
 */
export function createRoomLooks({ rooms, log }: { rooms: Pick<RoomStore, 'look'>; log: Logger }) {
  /** By event; the least recently used first. */
  const looks = new Map<number, Known>();

  async function read(eventId: number, known: Known): Promise<void> {
    try {
      const room = await rooms.look(eventId);
      const text = JSON.stringify(room ?? null);
      if (text === known.text) return;
      Object.assign(known, { text, newest: room && pageLookOf(room, text) });
    } catch (fault) {
      log.warn({ eventId, fault: (fault as Error).message }, 'reading the look of a waiting page failed');
    }
  }

  return {
    async find(eventId: number): Promise<PageLook | undefined> {
      const never = { readAtMs: Number.NEGATIVE_INFINITY, reading: Promise.resolve(), text: '', newest: undefined };
      const known: Known = looks.get(eventId) ?? never;
      looks.delete(eventId);
      looks.set(eventId, known);
      for (const oldest of looks.keys()) {
        if (looks.size <= MAX_LOOKS) break;
        looks.delete(oldest);
      }
      const nowMs = performance.now();
      if (nowMs - known.readAtMs >= LOOK_MS) {
        known.readAtMs = nowMs;
        known.reading = read(eventId, known);
      }
      await within(READ_MS, known.reading, undefined);
      return known.newest;
    },
  };
}

export type RoomLooks = ReturnType<typeof createRoomLooks>;

/** Undefined where a room has neither a look nor sites: its page is as any other. */
function pageLookOf({ look, sites }: RoomLook, text: string): PageLook | undefined {
  if (look === null && sites.length === 0) return undefined;
  const { colors, logo } = look ?? {};
  const style = colors && styleOf(colors);
  const allowed = {
    ...(style !== undefined && { styleHash: hashOf(style) }),
    ...(logo !== undefined && { imageOrigin: new URL(logo).origin }),
  };
  return { tag: hashOf(text), look: look ?? {}, sites, ...(style !== undefined && { style }), allowed };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');
