import { useRef } from 'preact/hooks';

/** Milliseconds for which a list keeps its order: cards must not move under a finger each second. */
const KEPT_MS = 10_000;

/** The items of a list in the order that it had, without those that are gone, and then the new ones. */
export function steadyOrder(before: readonly number[], next: readonly number[]): number[] {
  return [...before.filter((id) => next.includes(id)), ...next.filter((id) => !before.includes(id))];
}

/**
 * Keeps the order of a list while the pointer or the focus is in it, and else for ten seconds.
 *
 * @returns the items in the order to show, and the handlers of the element that has them
 */
export function useSteadyOrder<Item extends { eventId: number }>(items: readonly Item[]) {
  const kept = useRef<{ ids: number[]; atMs: number }>({ ids: [], atMs: Number.NEGATIVE_INFINITY });
  const held = useRef({ pointer: false, focus: false });
  const next = items.map(({ eventId }) => eventId);
  const isHeld = held.current.pointer || held.current.focus;
  if (!isHeld && performance.now() - kept.current.atMs > KEPT_MS) kept.current = { ids: next, atMs: performance.now() };
  else kept.current.ids = steadyOrder(kept.current.ids, next);
  const hold = (by: 'pointer' | 'focus', isHolding: boolean) => () => {
    held.current[by] = isHolding;
  };
  return {
    ordered: kept.current.ids.flatMap((id) => items.find(({ eventId }) => eventId === id) ?? []),
    handlers: {
      onPointerEnter: hold('pointer', true),
      onPointerLeave: hold('pointer', false),
      onFocusIn: hold('focus', true),
      onFocusOut: hold('focus', false),
    },
  };
}
