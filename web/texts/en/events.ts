/** The list of events. */
export const events = {
  none: 'There are no events yet.',
  onSale: 'On sale',
  opens: (moment: string) => `On sale from ${moment}`,
  paused: 'Sales are paused',
  soldOut: 'Sold out',
  ended: 'Over',
  cancelled: 'Cancelled',
  more: 'More events',
  earlier: 'Back',
  pages: 'Pages',
  lost: 'The events could not be loaded. Trying again.',
};
