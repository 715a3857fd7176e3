import type { ProgrammePage } from '../../shared/contract/programme.ts';
import type { Language, Shell } from './build.ts';
import { placeText } from './event-text.ts';
import { escaped } from './html.ts';

/** The line on top of a buyer's page, as `web/masthead.tsx` draws it, and a sentence for browsers without scripts. */
const top = (shell: Shell): string => masthead(shell) + withoutScript(shell);

const withoutScript = ({ noScript }: Shell): string =>
  `<noscript><p class="without-script">${escaped(noScript)}</p></noscript>`;

const masthead = ({ myBookings }: Shell): string =>
  '<header class="masthead"><a class="wordmark" href="/">Frontrow</a>' +
  `<nav><a href="/bookings">${escaped(myBookings)}</a></nav></header>`;

/** A page of which the API knows nothing. */
export const plainShell = ({ shell }: Language): string => top(shell);

/** The waiting page of a site, as `web/wait/site.tsx` begins it: under its name or logo, and without links. */
export function siteShell({ shell }: Language, { title, logo }: { title: string; logo: string | undefined }): string {
  const name =
    logo === undefined
      ? `<p class="wordmark">${escaped(title)}</p>`
      : `<img class="logo" src="${escaped(logo)}" alt="${escaped(title)}">`;
  return `<header class="masthead">${name}<p>${escaped(shell.waitingRoom)}</p></header>${withoutScript(shell)}`;
}

/** An event before its seats are drawn: what it is, and grey places for plan and panel, as large as they become. */
export const eventShell = ({ shell }: Language, name: string, place: string): string =>
  `${top(shell)}<main class="house" aria-busy="true"><header class="billing"><h1>${escaped(name)}</h1>` +
  `<p>${escaped(place)}</p></header><section class="plan"><div class="stage"></div></section>` +
  '<div class="panel"><div class="card ghost"></div></div></main>';

/** A page with a sentence, which needs no script. */
export const sentenceShell = ({ shell }: Language, title: string, sentence: string): string =>
  `${masthead(shell)}<main><h1>${escaped(title)}</h1><p>${escaped(sentence)}</p>` +
  `<p><a class="action" href="/">${escaped(shell.toEvents)}</a></p></main>`;

/** The list of events, for those who run no script, and until it is drawn. */
export function programmeShell({ shell }: Language, { events }: ProgrammePage): string {
  const items = events.map((event) => {
    const link = `<h2><a href="/events/${event.id}">${escaped(event.name)}</a></h2>`;
    const place = placeText(event, shell);
    return `<li>${link}${place === '' ? '' : `<p>${escaped(place)}</p>`}</li>`;
  });
  return `${top(shell)}<main><h1>${escaped(shell.events)}</h1><ul class="programme">${items.join('')}</ul></main>`;
}
