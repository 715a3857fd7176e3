import { isRefused } from '../../../refused.ts';

/** A page whose resource is not read yet, or cannot be. */
export const ReadFault = ({ title, fault }: { title: string; fault: unknown }) => (
  <>
    <h1>{title}</h1>
    {fault === undefined ? (
      <p role="status">Loading …</p>
    ) : (
      <p class="notice" role="alert">
        {faultText(fault)}
      </p>
    )}
  </>
);

/** Why a read failed, in words. */
export const faultText = (fault: unknown): string =>
  isRefused(fault) ? fault.message : 'The connection was lost. Try again.';
