// The rules of the waiting room and of sites behind it, by which the API answers too. They do no I/O and need no
// package, so they are bundled with this one.
export { createOrder, type DrawnOrder } from '../../shared/domain/drawn-order.ts';
export { hasLine } from '../../shared/domain/line-standing.ts';
export { createHasher } from '../../shared/domain/sha256.ts';
export { entryParameter, siteCookie } from '../../shared/domain/site-entry.ts';
export { mayRead, type Place, viewByLine } from '../../shared/domain/visitor-view.ts';
