/** The form for who must log in first. What was typed is kept nowhere. */
import { useState } from 'preact/hooks';
import { logIn, ServerError } from '../state/server.ts';
import { restart } from '../state/stream.ts';
import { texts } from '../texts.ts';

const t = texts.login;

const wordsFor = (error: unknown): string => {
  const status = error instanceof ServerError ? error.status : 0;
  if (status === 429) return t.tooMany;
  return status === 0 || status >= 500 ? t.failed : t.refused;
};

export const LoginView = () => {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [failed, setFailed] = useState('');
  const [isSending, setSending] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setSending(true);
    setFailed('');
    logIn(login, password).then(restart, (error: unknown) => {
      setSending(false);
      setPassword('');
      setFailed(wordsFor(error));
    });
  };
  return (
    <main id="main" class="login">
      <form class="card" onSubmit={submit}>
        <h1 id="view-title" tabIndex={-1}>
          {t.title}
        </h1>
        <label class="field">
          <span>{t.login}</span>
          <input
            name="username"
            type="text"
            autoComplete="username"
            autoCapitalize="none"
            required
            value={login}
            onInput={(e) => setLogin(e.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{t.password}</span>
          <input
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onInput={(e) => setPassword(e.currentTarget.value)}
          />
        </label>
        <p class="warning-line" role="alert">
          {failed}
        </p>
        <button type="submit" class="primary" disabled={isSending}>
          {t.send}
        </button>
        <p class="quiet-text">{t.hint}</p>
      </form>
    </main>
  );
};
