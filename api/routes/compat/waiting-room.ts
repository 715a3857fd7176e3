import type { Request, Response } from 'express';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { VisitorView } from '../../../shared/contract/waiting-room.ts';
import { refuseQuery } from '../../http/query.ts';
import { reply } from '../../http/replies.ts';
import type { WaitingRooms } from '../../waiting-room/lines.ts';
import { visitorTokenOf } from '../waiting-room.ts';

export type VisitorStatusDeps = { waitingRooms: WaitingRooms };

/** The compat status of a visitor. A visitor without a place has to join: `waiting` comes with a message. */
const COMPAT_STATUS = {
  open: 'proceed_to_booking',
  your_turn: 'proceed_to_booking',
  before_sale: 'waiting',
  waiting: 'waiting',
  turn_passed: 'closed',
  left: 'closed',
  sold_out: 'closed',
  ended: 'closed',
} as const satisfies Record<VisitorView['status'], string>;

/** `GET /waiting-room`: whether a visitor of event 1 may book or has to wait. */
export const createVisitorStatus =
  ({ waitingRooms }: VisitorStatusDeps) =>
  async (req: Request, res: Response): Promise<void> => {
    refuseQuery(req);
    const token = visitorTokenOf(req);
    const room = waitingRooms.find(DEFAULT_EVENT);
    if (token === undefined && room !== undefined && room.state?.on !== false) {
      const message = `Join with POST /api/events/${DEFAULT_EVENT}/waiting-room.`;
      return reply(res, 200, { status: 'waiting', message });
    }
    const { status, ...view } = await waitingRooms.poll(DEFAULT_EVENT, token);
    reply(res, 200, { status: COMPAT_STATUS[status], ...view });
  };
