/** Sentences that several pages have. */
export const pages = {
  loadingEvent: 'Loading the event',
  noEventToShow: 'No seats to show',
  eventLost: 'The event could not be loaded. Trying again.',
  /** A moment in a time zone. */
  moment: (date: string, time: string, zone: string) => `${date} at ${time} ${zone}`,
  /** A refusal that has no sentence of its own. */
  refused: (code: string) => `That was refused (${code}).`,
};
