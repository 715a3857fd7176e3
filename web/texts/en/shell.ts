/**
 * The shell of every page, which the API writes before a script runs. Strings only: the build hands them to the API as
 * JSON. `locale`: of dates and prices where no browser has named one.
 */
export const shell = {
  locale: 'en-GB',
  events: 'Events',
  eventsAbout: 'All events, their dates and their seats.',
  myBookings: 'My bookings',
  waitingRoom: 'Waiting room',
  freeOfCharge: 'free of charge',
  noPage: 'There is no such page',
  noPageWhy: 'The address may be mistyped, or the page is no longer there.',
  noEvent: 'There is no such event',
  noEventWhy: 'The address may be mistyped, or the event was deleted.',
  toEvents: 'See all events',
  noScript: 'This page needs JavaScript, which is switched off in this browser.',
};
