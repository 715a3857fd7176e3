import { useEffect, useState } from 'preact/hooks';

/** The address of a page after `/admin#`: its path, and what follows a question mark. */
export type Route = { path: string; query: URLSearchParams };

/** The route of a hash: `#/events/7?find=gala`. */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.slice(1).split('?', 2);
  return { path, query: new URLSearchParams(query) };
}

/**
 * Compares a path with a pattern, in which `:id` stands for a number.
 *
 * @returns the number, if the pattern has one; undefined if the path is another
 */
export function matchOf(pattern: string, path: string): { id: number | undefined } | undefined {
  const match = new RegExp(`^${pattern.replace(':id', '(\\d{1,10})')}/?$`).exec(path);
  return match === null ? undefined : { id: match[1] === undefined ? undefined : Number(match[1]) };
}

/** Decides whether the page of a new address is shown. One at a time: the form with unsaved changes. */
type Guard = () => boolean;
let guard: Guard | undefined;

/** Keeps the page while `mayLeave` is false for a new address. @returns a function that ends it */
export function guardLeaving(mayLeave: Guard): () => void {
  guard = mayLeave;
  return () => {
    guard = undefined;
  };
}

/** The route of this page's address, kept current. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const follow = () => {
      if (guard?.() ?? true) setRoute(routeOf(location.hash));
    };
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  return route;
}
