// Signing in: a key for a cookie.

import { useState } from "preact/hooks";
import { ApiError } from "../lib/api.ts";
import { signIn } from "../lib/session.ts";
import { Button, Failure, TextField } from "../ui/basics.tsx";

export function SignInForm() {
  const [key, setKey] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(key);
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  return (
    <form noValidate onSubmit={submit} class="stack">
      <TextField
        label="API key"
        type="password"
        value={key}
        onInput={setKey}
        isMono
        required
        placeholder="audtk_…"
        autocomplete="off"
        hint="It is exchanged for a session of 12 hours and kept nowhere in the browser. Revoking the key ends the session."
      />
      <Failure error={error} />
      <Button type="submit" kind="primary" isBusy={isBusy}>
        {isBusy ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}

export function SignInPage() {
  document.title = "Sign in · Studio";
  return (
    <main class="sign-in">
      <div class="sign-in-box">
        <svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true" class="brand-large">
          <rect width="32" height="32" rx="8" class="brand-mark" />
          <path d="M8 14v4M13 10v12M18 7v18M23 12v8" />
        </svg>
        <h1>Sign in to Studio</h1>
        <p class="about">Place, watch and understand AI phone calls.</p>
        <SignInForm />
      </div>
      <p class="faint small">
        A new organisation's first key comes from the platform's operator. The API is described in <a href="/docs">its reference</a>.
      </p>
    </main>
  );
}
