import { FrontrowError } from '../client/src/error.ts';

/** Whether the server answered, with a refusal or a fault; otherwise there was no answer. */
export const isRefused = (fault: unknown): fault is FrontrowError =>
  fault instanceof FrontrowError && fault.code !== 'NO_ANSWER';

/** A refusal of the request as it is: the same one would be refused again. */
export const isFinal = (fault: unknown): fault is FrontrowError => isRefused(fault) && !fault.isTemporary;
