import { events } from './events.ts';
import { shell } from './shell.ts';

/** All texts in English, by the room of the app that shows them. */
export const en = { shell, events };
