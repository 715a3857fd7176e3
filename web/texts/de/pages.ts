import type { Texts } from '../texts.ts';

export const pages: Texts['pages'] = {
  noPage: 'Diese Seite gibt es nicht',
};
