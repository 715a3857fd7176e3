import { texts } from './texts/texts.ts';

/** The line on top of every page: the product, which leads to all events, and the page or the buyer's bookings. */
export function Masthead({ where }: { where?: string }) {
  return (
    <header class="masthead">
      <a class="wordmark" href="/">
        Frontrow
      </a>
      {where === undefined ? (
        <nav>
          <a href="/bookings">{texts.shell.myBookings}</a>
        </nav>
      ) : (
        <p>{where}</p>
      )}
    </header>
  );
}
