import type { Texts } from '../texts.ts';
import { events } from './events.ts';
import { shell } from './shell.ts';

/** All texts in German. */
export const de: Texts = { shell, events };
