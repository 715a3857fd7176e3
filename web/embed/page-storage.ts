import type { ClientStorage } from '../../client/src/index.ts';

/** The storage of the embedding page; undefined where its browser stores nothing. */
export const pageStorage: ClientStorage | undefined = usable();

function usable(): ClientStorage | undefined {
  try {
    const probe = 'frontrow:probe';
    localStorage.setItem(probe, probe);
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return undefined;
  }
}
