import type { Texts } from '../texts.ts';

export const events: Texts['events'] = {
  none: 'Noch gibt es keine Veranstaltungen.',
  onSale: 'Im Verkauf',
  opens: (moment) => `Verkauf ab ${moment}`,
  paused: 'Der Verkauf ist unterbrochen',
  soldOut: 'Ausverkauft',
  ended: 'Vorbei',
  cancelled: 'Abgesagt',
  more: 'Weitere Veranstaltungen',
  earlier: 'Zurück',
  pages: 'Seiten',
  lost: 'Die Veranstaltungen konnten nicht geladen werden. Es wird erneut versucht.',
};
