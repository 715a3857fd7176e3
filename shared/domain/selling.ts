/** By whom seats are sold: by trusted servers alone, or by everybody who asks. */
export type SellBy = 'server' | 'anyone';

/** The trusted server that asked for a sale, by the name of what proved it. */
type Sale = { soldBy?: string | undefined };

/** Whether a sale may be made (I12). The door asks this before it accepts a request, a worker before it carries one out. */
export const maySell = (sellBy: SellBy, { soldBy }: Sale): boolean => sellBy === 'anyone' || soldBy !== undefined;
