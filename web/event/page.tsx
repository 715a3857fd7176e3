import { useEffect, useState } from 'preact/hooks';
import type { ADMISSION_TOKEN_HEADER } from '../../shared/contract/waiting-room.ts';
import { keptAdmission } from '../kept.ts';
import { Masthead } from '../masthead.tsx';

const HEADER: typeof ADMISSION_TOKEN_HEADER = 'x-admission-token';

/** Where who is let in goes to. Seats cannot be chosen here yet: it shows the admission token to whoever books by program. */
export function EventPage({ eventId }: { eventId: number }) {
  const [admission] = useState(() => keptAdmission(eventId).read());
  const valid = admission !== undefined && Date.parse(admission.expiresAt) > Date.now();
  useEffect(() => {
    document.title = `Event ${eventId} · Frontrow`;
  }, [eventId]);
  return (
    <>
      <Masthead where={`Event ${eventId}`} />
      <main>
        <h1>{valid ? 'You are in' : `Event ${eventId}`}</h1>
        <p>Seats cannot be chosen on this page yet.</p>
        {valid ? (
          <>
            <p>
              A program can book with this admission token, in the header <code>{HEADER}</code>:
            </p>
            <label>
              <span class="label">Admission token</span>
              <textarea readOnly rows={4} value={admission.token} onFocus={(e) => e.currentTarget.select()} />
            </label>
          </>
        ) : (
          <a class="action" href={`/events/${eventId}/wait`}>
            To the waiting room
          </a>
        )}
      </main>
    </>
  );
}
