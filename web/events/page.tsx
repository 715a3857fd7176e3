import { useEffect } from 'preact/hooks';
import type { ProgrammeEvent, ProgrammePage } from '../../shared/contract/programme.ts';
import { Masthead } from '../masthead.tsx';
import { priceText } from '../money.ts';
import { openingOf } from '../opening.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';

/** Milliseconds after which a page without its list is loaded again. Half of it is random: a crowd spreads. */
const RELOAD_MS = 10_000;

/** `/`: the events, those that come first. The API writes the list into the page. */
export function EventsPage() {
  const programme = openingOf<ProgrammePage>();
  const isLost = programme === undefined;
  useEffect(() => {
    if (!isLost) return;
    const timer = setTimeout(() => location.reload(), RELOAD_MS * (0.5 + Math.random()));
    return () => clearTimeout(timer);
  }, [isLost]);
  return (
    <>
      <Masthead />
      <main>
        <h1>{texts.shell.events}</h1>
        {isLost ? (
          <p class="notice" role="alert">
            {texts.events.lost}
          </p>
        ) : (
          <Programme {...programme} />
        )}
      </main>
    </>
  );
}

const Programme = ({ events, page, hasMore }: ProgrammePage) => (
  <>
    {events.length === 0 && <p>{texts.events.none}</p>}
    <ul class="programme">
      {events.map((event) => (
        <li key={event.id}>
          <h2>
            <a href={`/events/${event.id}`}>{event.name}</a>
          </h2>
          {placeText(event) !== '' && <p>{placeText(event)}</p>}
          <p>
            <strong class={event.status === 'ON_SALE' ? 'on-sale' : ''}>{statusText(event)}</strong>
            {isToSell(event) && ` · ${rangeText(event)}`}
          </p>
        </li>
      ))}
    </ul>
    {(page > 1 || hasMore) && (
      <nav class="paging" aria-label={texts.events.pages}>
        {page > 1 && <a href={page === 2 ? '/' : `/?page=${page - 1}`}>{texts.events.earlier}</a>}
        {hasMore && (
          <a class="action" href={`/?page=${page + 1}`}>
            {texts.events.more}
          </a>
        )}
      </nav>
    )}
  </>
);

/** When and where. */
const placeText = ({ startsAt, timeZone, venue }: ProgrammeEvent): string =>
  [startsAt && momentText(startsAt, timeZone), venue].filter(Boolean).join(' · ');

const isToSell = ({ status }: ProgrammeEvent): boolean =>
  status === 'ON_SALE' || status === 'UPCOMING' || status === 'PAUSED';

function statusText({ status, onSaleAt, timeZone }: ProgrammeEvent): string {
  const { onSale, opens, paused, soldOut, ended, cancelled } = texts.events;
  switch (status) {
    case 'ON_SALE':
      return onSale;
    case 'UPCOMING':
      return opens(momentText(onSaleAt ?? '', timeZone));
    case 'PAUSED':
      return paused;
    case 'SOLD_OUT':
      return soldOut;
    case 'ENDED':
      return ended;
    case 'CANCELLED':
      return cancelled;
  }
}

const rangeText = ({ lowestPrice, highestPrice, currency }: ProgrammeEvent): string =>
  [...new Set([lowestPrice, highestPrice])].map((price) => priceText(price, currency)).join(' – ');
