// A new trunk.

import { api, ask } from "../lib/api.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Failure, RoleNote } from "../ui/note.tsx";
import { Request } from "../ui/code.tsx";
import { useEditor } from "../ui/editor.ts";
import { Form } from "../ui/form.tsx";
import { Page } from "../ui/page.tsx";
import { bodyOf, emptyTrunk, filledOut, formOf, TrunkFields } from "../ui/trunk-form.tsx";

export default function NewTrunk() {
  const { form, setForm, error, isBusy, save } = useEditor({
    kept: null,
    empty: emptyTrunk,
    formOf,
    bodyOf,
    create: async (body) => {
      const { id } = await ask(api.POST("/integration/v1/sip-trunks", { body }));
      return `/studio/trunks/${id}${body.carrier?.type === "livekit" ? "?made" : ""}`; // its page offers a test
    },
  });
  const body = bodyOf(filledOut(form));
  return (
    <Page title="New trunk" back={["/studio/trunks", "Trunks"]}>
      <RoleNote needs="owner" what="Creating a trunk" />
      <div class="columns">
        <Form error={error} onSubmit={save}>
          <Card>
            <TrunkFields form={form} onChange={setForm} />
          </Card>
          <Failure error={error} />
          <Button type="submit" kind="primary" needs="owner" isBusy={isBusy}>
            Create trunk
          </Button>
        </Form>
        <Request method="POST" path="/integration/v1/sip-trunks" body={body} />
      </div>
    </Page>
  );
}
