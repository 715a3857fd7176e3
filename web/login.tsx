import { useState } from 'preact/hooks';
import { forgetUser, keptSession } from './kept.ts';

type Props = {
  title: string;
  problem: string | undefined;
  logIn: (email: string, password: string) => Promise<void>;
  leave?: () => void;
};

/** Asks who it is, where people log in. */
export function LogIn({ title, problem, logIn, leave }: Props) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    if (isBusy) return;
    setBusy(true);
    await logIn(email, password);
    setBusy(false);
  };
  return (
    <form
      class="card"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <h2 tabIndex={-1}>{title}</h2>
      <label>
        <span class="label">E-mail</span>
        <input
          type="email"
          autoComplete="username"
          required
          value={email}
          onInput={(e) => setEmail(e.currentTarget.value)}
        />
      </label>
      <label>
        <span class="label">Password</span>
        <input
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </label>
      {problem !== undefined && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="action">
          {isBusy ? 'Logging in …' : 'Log in'}
        </button>
        {leave !== undefined && (
          <button type="button" class="quiet" onClick={leave}>
            Not now
          </button>
        )}
      </div>
    </form>
  );
}

/** Who is logged in, and the way out for whoever shares a computer. What was bought stays bought. */
export function LoggedIn() {
  const session = keptSession().read();
  if (session === undefined) return null;
  const logOut = () => {
    forgetUser();
    location.reload();
  };
  return (
    <p class="hint session">
      Logged in as {session.name}
      <button type="button" class="quiet" onClick={logOut}>
        Log out
      </button>
    </p>
  );
}
