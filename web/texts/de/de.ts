import type { Texts } from '../texts.ts';
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

/** All texts in German. */
export const de: Texts = { bookings, choice, events, house, pages, plan, purchase, refusals, shell, wait };
