import { bookings } from './bookings.ts';
import { choice } from './choice.ts';
import { events } from './events.ts';
import { house } from './house.ts';
import { pages } from './pages.ts';
import { plan } from './plan.ts';
import { purchase } from './purchase.ts';
import { refusals } from './refusals.ts';
import { shell } from './shell.ts';
import { wait } from './wait.ts';

/** All texts in English, by the room of the app that shows them. */
export const en = { bookings, choice, events, house, pages, plan, purchase, refusals, shell, wait };
