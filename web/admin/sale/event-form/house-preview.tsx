import { useMemo, useState } from 'preact/hooks';
import type { EventView } from '../../../../shared/contract/events.ts';
import { createHouse } from '../../../house/house.ts';
import { OperatorPlan } from '../kit/operator-plan.tsx';
import type { EventForm } from './form.ts';
import { previewOf } from './preview.ts';

const NO_SEATS: readonly string[] = [];

/** The house of a form as it would be drawn, before it is saved. */
export function HousePreview({ form }: { form: EventForm }) {
  const [isOpen, setOpen] = useState(false);
  const event = useMemo(() => (isOpen ? previewOf(form) : undefined), [isOpen, form]);
  return (
    <details class="part" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>Preview of the plan</summary>
      {isOpen && event === undefined && (
        <p class="soft">
          There is none yet: a zone has no size, comes from a plan, or the house has more than 100,000 seats.
        </p>
      )}
      {event !== undefined && <Preview event={event} />}
    </details>
  );
}

function Preview({ event }: { event: EventView }) {
  const house = useMemo(() => createHouse(event), [event]);
  return <OperatorPlan event={event} house={house} picked={NO_SEATS} same="It is a preview." />;
}
