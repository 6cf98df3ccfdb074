// A new trunk.

import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { ApiError, api, ask } from "../lib/api.ts";
import { barred } from "../lib/session.ts";
import { Button, Card, Failure, RoleNote } from "../ui/basics.tsx";
import { Request } from "../ui/code.tsx";
import { useGuard } from "../ui/guard.ts";
import { Page } from "../ui/page.tsx";
import { bodyOf, emptyTrunk, filledOut, TrunkFields } from "../ui/trunk-form.tsx";

export default function NewTrunk() {
  const { route } = useLocation();
  const [form, setForm] = useState(emptyTrunk);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  useGuard(JSON.stringify(form) !== JSON.stringify(emptyTrunk()));
  const save = async (event: Event) => {
    event.preventDefault();
    if (barred("owner")) return;
    setBusy(true);
    setError(null);
    try {
      const { id } = await ask(api.POST("/integration/v1/sip-trunks", { body: bodyOf(form) }));
      route(`/studio/trunks/${id}${form.carrier === "livekit" ? "?made" : ""}`); // its page offers a test
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  const body = bodyOf(filledOut(form));
  return (
    <Page title="New trunk" back={["/studio/trunks", "Trunks"]}>
      <RoleNote needs="owner" what="Making a trunk" />
      <div class="columns">
        <form noValidate class="stack" onSubmit={save}>
          <Card>
            <TrunkFields form={form} onChange={setForm} />
          </Card>
          <Failure error={error} />
          <Button type="submit" kind="primary" needs="owner" isBusy={isBusy}>
            Create trunk
          </Button>
        </form>
        <Request method="POST" path="/integration/v1/sip-trunks" body={body} />
      </div>
    </Page>
  );
}
