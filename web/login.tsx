import { useState } from 'preact/hooks';
import { removeUserValues, storedSession } from './stored-values.ts';
import { texts } from './texts/texts.ts';

type Props = {
  title: string;
  problem: string | undefined;
  logIn: (email: string, password: string) => Promise<void>;
  cancel?: () => void;
};

/** The log-in form. */
export function LogIn({ title, problem, logIn, cancel }: Props) {
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
        <span class="label">{texts.purchase.email}</span>
        <input
          type="email"
          autoComplete="username"
          required
          value={email}
          onInput={(e) => setEmail(e.currentTarget.value)}
        />
      </label>
      <label>
        <span class="label">{texts.purchase.password}</span>
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
          {isBusy ? texts.purchase.loggingIn : texts.purchase.logIn}
        </button>
        {cancel !== undefined && (
          <button type="button" class="quiet" onClick={cancel}>
            {texts.purchase.notNow}
          </button>
        )}
      </div>
    </form>
  );
}

/** The user who is logged in, and a button to log out. Bookings stay valid. */
export function LoggedIn() {
  const session = storedSession().read();
  if (session === undefined) return null;
  const logOut = () => {
    removeUserValues();
    location.reload();
  };
  return (
    <p class="hint session">
      {texts.purchase.loggedInAs(session.name)}
      <button type="button" class="quiet" onClick={logOut}>
        {texts.purchase.logOut}
      </button>
    </p>
  );
}

/** A button to log in, for a buyer who has booked on another device. */
export function OfferLogin({ offer }: { offer: () => void }) {
  if (storedSession().read() !== undefined) return null;
  return (
    <p class="hint session">
      {texts.purchase.bookedElsewhere}
      <button type="button" class="quiet" onClick={offer}>
        {texts.purchase.logIn}
      </button>
    </p>
  );
}
