import { createTally } from '../../kit/tally.ts';
import { createCrowdNotes } from '../../kit/waiting-crowd.ts';

/** The tries of cheats. None may reach the site, or get a cookie. */
export const cheats = {
  'no cookie': 'requests the site without an admission, with every method, and the gate behind it',
  headers: "names another address, host or method in the headers of proxies, with and without the other site's cookie",
  early: 'requests an entry before the turn has come',
  tokens: "puts the visitor token or the admission to Frontrow's own door into the cookie and the address",
  forged: 'changes the payload, signs with an own key, as HS256 with the public key, or not at all',
  'other kind': 'puts the entry into the cookie, and the admission into the address',
  replayed: 'uses an entry again',
  raced: 'uses an entry in eight browsers at the same time: one gets in',
  'expired entry': 'uses an entry after its end',
  expired: 'shows an admission after its end',
  left: 'shows the admission after leaving the line',
  'other site': 'shows the entry and the admission to the other site of the room',
  'other event': 'shows the admission to the same site by another event',
  shared: 'shows a cookie that another browser has renewed, ten seconds later',
  'withdrawn key': 'shows an admission whose key was withdrawn',
} as const;

export type Cheat = keyof typeof cheats;

export const cheatNames = Object.keys(cheats) as Cheat[];

/** The kinds of requests that may pass: a visitor's, and those of a browser with a copied cookie while it is valid. */
export const VISITOR = 'visitor';
export const COPY = 'copy';

/** Facts that the crowd saw, for the verdict. */
export function createNotes() {
  return {
    ...createCrowdNotes(),
    tried: createTally(),
    gotIn: createTally(),
    /** Visitors whose first request led to another place than the waiting page of the address. */
    misled: [] as string[],
    /** How many entries each position used to get in. */
    entries: new Map<number, number>(),
    /** Called visitors who did not get in. */
    kept: [] as string[],
    /** Pages that visitors got, cookies that were renewed, visitors who were put out because a key was withdrawn. */
    pages: 0,
    renewals: 0,
    putOut: 0,
    /** Admissions by the key that signed them. */
    byKey: createTally(),
    /** Groups of browsers with one cookie: seconds from the entry to the last page of a copy, and its pages. */
    shared: [] as { seconds: number; pages: number }[],
    /** Pages of copies that only scripts request, by how many seconds after the entry. */
    silent: [] as { seconds: number; pages: number }[],
  };
}

export type Notes = ReturnType<typeof createNotes>;
