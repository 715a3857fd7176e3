import type { Look } from '../contract/look.ts';
import type { RoomChange } from '../contract/waiting-room.ts';

/** The look of a waiting page, null for Frontrow's own, and the sites that its room stands in front of. */
export type RoomLook = { look: Look | null; sites: readonly string[] };

/**
 * A message for the operator where, once a change is made, the logo does not lie on a site of the room: the page loads
 * pictures of no other. It begins with the field.
 */
export function logoProblem(room: RoomLook, change: RoomChange): string | undefined {
  const { look = room.look, sites = room.sites } = change;
  if (look?.logo === undefined) return undefined;
  const { origin } = new URL(look.logo);
  if (sites.includes(origin)) return undefined;
  const problem = `lies on ${origin}, which would not be one of the room's sites`;
  return change.look === undefined ? `sites: the logo of the page ${problem}` : `look.logo: ${problem}`;
}
