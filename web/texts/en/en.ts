import { bookings } from './bookings.ts';
import { events } from './events.ts';
import { house } from './house.ts';
import { pages } from './pages.ts';
import { purchase } from './purchase.ts';
import { refusals } from './refusals.ts';
import { shell } from './shell.ts';
import { wait } from './wait.ts';

/** All texts in English, by the room of the app that shows them. */
export const en = { bookings, events, house, pages, purchase, refusals, shell, wait };
