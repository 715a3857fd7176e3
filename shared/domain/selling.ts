/** The sellers of seats: trusted servers alone, or every client. */
export type SellBy = 'server' | 'anyone';

/** The trusted server that requested a sale, by the name of its proof. */
type Sale = { soldBy?: string | undefined };

/**
 * Whether a sale may be made (I12). The API checks this before it accepts a request, a worker before it handles one.
 */
export const maySell = (sellBy: SellBy, { soldBy }: Sale): boolean => sellBy === 'anyone' || soldBy !== undefined;
