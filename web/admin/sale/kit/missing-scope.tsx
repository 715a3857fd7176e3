import type { Scope } from '../../../../shared/contract/keys.ts';

/** Says which scope an act needs that this operator's key does not have. */
export const MissingScope = ({ scope, act }: { scope: Scope; act: string }) => (
  <p class="soft">
    {act} needs a key with the scope <code>{scope}</code>, which yours does not have.
  </p>
);
