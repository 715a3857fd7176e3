import { pages } from './pages.ts';

/** All texts in English, by the room of the app that shows them. */
export const en = { pages };
