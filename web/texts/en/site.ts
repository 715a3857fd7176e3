/** The way from the waiting page to a site. `name`: of the site, where it is known. */
export const site = {
  continueTo: (name: string | undefined): string => (name === undefined ? 'Continue' : `Continue to ${name}`),
  going: (name: string | undefined) => `You are being taken to ${name ?? 'the site'}.`,
  sentBack: 'You have come back. If the site sends you here again and again, allow its cookies in this browser.',
  returnInvalid: 'The address that you came from is not valid, so it is not used.',
  siteUnknown:
    'The address that you came from is not on a site of this waiting room, so nothing leads there from here.',
  usedUp:
    'Your admission has let in as many browsers as it may. If you did not get in, your browser may block the cookies ' +
    'of the site: allow them, and join the line again.',
  notEntered: 'The way to the site is not open at the moment. Please try again.',
};
