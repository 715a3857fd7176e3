import type { AdminPage } from '../page-props.ts';
import { BookingPage } from './bookings/booking-page.tsx';
import { BookingsPage } from './bookings/page.tsx';
import { EventPage, NewEventPage } from './event-form/page.tsx';
import { EventsPage } from './events/page.tsx';
import { OrdersPage } from './orders/page.tsx';
import { SeatsPage } from './seats/page.tsx';
import './sale.css';

/** The pages with which an operator runs a sale. */
export const SALE_PAGES: readonly AdminPage[] = [
  { path: '/events', tab: 'Events', scopes: ['operate', 'read'], Page: EventsPage },
  { path: '/events/new', tab: 'Events', scopes: ['operate'], Page: NewEventPage },
  { path: '/events/:id', tab: 'Events', scopes: ['operate', 'read'], Page: EventPage },
  { path: '/events/:id/seats', tab: 'Events', scopes: ['operate', 'read'], Page: SeatsPage },
  { path: '/bookings', tab: 'Bookings', scopes: ['read', 'return'], Page: BookingsPage },
  { path: '/booking', tab: 'Bookings', scopes: ['read', 'return'], Page: BookingPage },
  { path: '/orders', tab: 'Payments', scopes: ['read', 'return'], Page: OrdersPage },
];
