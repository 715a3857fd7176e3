import { useEffect, useState } from 'preact/hooks';
import type { Entrance } from './operator-client.ts';

type DoorProps = { entrance: Exclude<Entrance, { phase: 'in' }>; enter: (key: string) => void };

/** Asks for the admin token or a key. */
export function Door({ entrance, enter }: DoorProps) {
  const [key, setKey] = useState('');
  useEffect(() => {
    document.title = 'Operator · Frontrow';
  }, []);
  const submit = (e: SubmitEvent) => {
    e.preventDefault();
    if (key.trim() !== '') enter(key.trim());
  };
  if (entrance.phase === 'connecting') {
    return (
      <main>
        <h1>Connecting</h1>
        {entrance.trouble !== undefined && <p role="alert">{entrance.trouble} Trying again.</p>}
      </main>
    );
  }
  return (
    <main>
      <h1>For operators</h1>
      {entrance.refusal !== undefined && <p role="alert">{entrance.refusal}</p>}
      {!entrance.isClosed && (
        <form onSubmit={submit}>
          <label>
            <span class="label">Admin token, or a key (frk_…)</span>
            <input
              type="password"
              autoComplete="current-password"
              value={key}
              onInput={(e) => setKey(e.currentTarget.value)}
            />
          </label>
          <p class="soft">This tab stores it until you close the tab.</p>
          <button type="submit" class="action">
            Enter
          </button>
        </form>
      )}
    </main>
  );
}
