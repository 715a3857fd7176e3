/** Called with the text of an outcome (shared/domain/outcome-text.ts). */
export type OutcomeListener = (outcome: string) => void;

/** Long polls and sockets of this node that wait for the outcomes of tickets. */
export function createOutcomeListeners() {
  const listenersByTicket = new Map<string, Set<OutcomeListener>>();

  return {
    /** Calls `listener` at most once, with the ticket's outcome. The result removes the listener. */
    follow(ticketId: string, listener: OutcomeListener): () => void {
      const listeners = listenersByTicket.get(ticketId) ?? new Set();
      listenersByTicket.set(ticketId, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && listenersByTicket.get(ticketId) === listeners) listenersByTicket.delete(ticketId);
      };
    },

    /** Calls a ticket's listeners and removes them. */
    notify(ticketId: string, outcome: string): void {
      const listeners = listenersByTicket.get(ticketId);
      if (listeners === undefined) return;
      listenersByTicket.delete(ticketId);
      for (const listener of listeners) listener(outcome);
    },

    isFollowed: (ticketId: string): boolean => listenersByTicket.has(ticketId),

    followedTicketIds: (): string[] => [...listenersByTicket.keys()],
  };
}

export type OutcomeListeners = ReturnType<typeof createOutcomeListeners>;
