// Signing in: exchanges a key for a cookie.

import { useState } from "preact/hooks";
import { ApiError } from "../lib/api.ts";
import { signIn } from "../lib/sign-in.ts";
import { Brand } from "../ui/brand.tsx";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Failure } from "../ui/note.tsx";
import "./sign-in.css";

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
        hint="It is exchanged for a 12-hour session and kept nowhere in the browser. Revoking the key ends the session."
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
        <Brand size={40} />
        <h1>Sign in to Studio</h1>
        <p class="about">Place, watch and understand AI phone calls.</p>
        <SignInForm />
      </div>
      <p class="faint small">
        A new organisation's first key comes from the platform's operator. The API is described in <a href="/docs">the docs</a>.
      </p>
    </main>
  );
}
