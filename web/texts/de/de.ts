import type { Texts } from '../texts.ts';
import { pages } from './pages.ts';

/** All texts in German. */
export const de: Texts = { pages };
