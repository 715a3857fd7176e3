import type { EventView } from '../../shared/contract/events.ts';
import { capitalised } from '../format.ts';
import { type House, maxSeatsOf } from '../house/house.ts';
import type { OwnSeats } from '../house/own-seats.ts';
import { idsText } from '../house/text.ts';
import { texts } from '../texts/texts.ts';
import type { ChoiceNotice } from './picks.ts';

/** Seats that a buyer may still request at once: of one request, and of what one buyer may have in the event. */
export function mostSeats(event: Pick<EventView, 'maxSeats' | 'seatLimit'>, mine: OwnSeats): number {
  const { seatLimit } = event;
  return Math.min(
    maxSeatsOf(event),
    seatLimit === null ? Number.POSITIVE_INFINITY : Math.max(0, seatLimit - mine.size),
  );
}

/** Why a choice is not as the buyer wanted it. */
export function noticeText(house: House, notice: ChoiceNotice, mine: OwnSeats): string {
  const { seatCount } = texts.house;
  const { limit, limitUsed, taken, unavailable } = texts.choice;
  if (notice.name === 'limit')
    return notice.most === 0 ? limitUsed(seatCount(mine.size)) : limit(seatCount(notice.most));
  const seats = capitalised(idsText(house, notice.seats));
  return notice.name === 'taken' ? taken(seats, notice.seats.length) : unavailable(seats);
}
