import type { RoomChange, RoomSettings } from '../contract/waiting-room.ts';

/** Settings of a room that its event cannot have. The message begins with the field. */
export class RoomProblem extends Error {}

/** The settings that decide whether and how fast a room admits visitors. */
type Admitting = Pick<RoomSettings, 'mode' | 'peoplePerMinute' | 'peopleInside'>;

/** Whether a change has any of these settings. */
export const changesAdmitting = ({ mode, peoplePerMinute, peopleInside }: RoomChange): boolean =>
  mode !== undefined || peoplePerMinute !== undefined || peopleInside !== undefined;

/** A message for the operator where an event without seats cannot have a room of these settings; else undefined. */
export function problemWithoutSeats({ mode, peoplePerMinute, peopleInside }: Admitting): string | undefined {
  if (mode === 'auto')
    return 'mode: on or off, because an event without seats has no booking queue that could turn its room on';
  if (mode === 'on' && peoplePerMinute === null && peopleInside === null)
    return 'peoplePerMinute, peopleInside: the room of an event without seats needs one of them while it is on';
  return undefined;
}
