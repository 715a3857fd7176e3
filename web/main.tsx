import { render } from 'preact';
import { takeTokenFromAddress } from './admin-token.ts';
import { EventPage } from './event/page.tsx';
import { EventsPage } from './events/page.tsx';
import { loadTexts, texts } from './texts/texts.ts';
import { WaitPage } from './wait/page.tsx';

/** The pages, by path. Links between them load a page: it is small. `api/routes/web.ts` has the same paths. */
const PAGES = [
  { path: /^\/events\/(\d{1,10})\/wait\/?$/, page: WaitPage },
  { path: /^\/events\/(\d{1,10})\/?$/, page: EventPage },
];

function NoPage() {
  return (
    <main>
      <h1>{texts.shell.noPage}</h1>
    </main>
  );
}

function App({ path }: { path: string }) {
  if (path === '/') return <EventsPage />;
  for (const { path: pattern, page: Page } of PAGES) {
    const eventId = pattern.exec(path)?.[1];
    if (eventId !== undefined) return <Page eventId={Number(eventId)} />;
  }
  return <NoPage />;
}

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
const { pathname } = location;
const isOfOperators = /^\/admin\/?$/.test(pathname);
if (isOfOperators) document.documentElement.lang = 'en';
await loadTexts(document.documentElement.lang);
root.replaceChildren();
takeTokenFromAddress();
window.addEventListener('hashchange', () => takeTokenFromAddress() && location.reload());
const bookings = /^\/bookings(?:\/([\da-f-]{36}))?\/?$/.exec(pathname);
// Bundles of their own: a buyer who chooses seats loads neither.
if (isOfOperators) {
  const { OperatorPage } = await import('./admin/page.tsx');
  render(<OperatorPage />, root);
} else if (bookings !== null) {
  const { BookingsPage } = await import('./bookings/page.tsx');
  render(<BookingsPage bookingId={bookings[1]} />, root);
} else render(<App path={pathname} />, root);
