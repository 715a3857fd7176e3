import type { SiteTexts } from '../site.ts';

export const site: SiteTexts = {
  continueTo: (name) => (name === undefined ? 'Weiter' : `Weiter zu ${name}`),
  going: (name) => `Sie werden zu ${name ?? 'der Website'} weitergeleitet.`,
  sentBack: 'Sie sind wieder hier. Schickt die Website Sie immer wieder her, erlauben Sie ihre Cookies im Browser.',
  returnInvalid: 'Die Adresse, von der Sie kommen, ist ungültig und wird nicht verwendet.',
  siteUnknown:
    'Die Adresse, von der Sie kommen, gehört zu keiner Website dieses Warteraums. Von hier führt nichts dorthin.',
  usedUp:
    'Ihr Einlass gilt für keinen weiteren Browser. Falls Sie nicht hineingekommen sind, blockiert Ihr Browser ' +
    'vielleicht die Cookies der Website: Erlauben Sie sie, und stellen Sie sich erneut an.',
  notEntered: 'Die Website ist im Moment nicht erreichbar. Bitte versuchen Sie es noch einmal.',
};
