//! An outbound AI-call platform on Cloudflare Workers.

#[cfg(target_arch = "wasm32")]
mod skeleton {
    use worker::{
        Context, DurableObject, Env, Request, Response, Result, ScheduleContext, ScheduledEvent,
        State, durable_object, event,
    };

    fn json(status: u16, body: &str) -> Result<Response> {
        let mut response = Response::from_bytes(body.as_bytes().to_vec())?.with_status(status);
        response
            .headers_mut()
            .set("content-type", "application/json")?;
        Ok(response)
    }

    #[event(fetch)]
    async fn fetch(mut req: Request, env: Env, _ctx: Context) -> Result<Response> {
        let path = req.path();
        let _ = req.bytes().await;
        match path.as_str() {
            "/healthz" => json(200, r#"{"ok":true}"#),
            "/trap" => {
                #[allow(clippy::panic)]
                {
                    panic!("asked to");
                }
            }
            "/counter" | "/object-trap" => {
                let stub = env.durable_object("TRUNKS")?.get_by_name("one")?;
                stub.fetch_with_str(&format!("http://object{path}")).await
            }
            "/platform/v1/orgs" => json(
                201,
                r#"{"org":{"id":"o"},"owner_key":"audtk_owner","webhook_secret":"whsec_x"}"#,
            ),
            "/integration/v1/agents" => json(201, r#"{"id":"agent-1"}"#),
            "/integration/v1/sip-trunks" => json(201, r#"{"id":"trunk-1"}"#),
            "/integration/v1/api-keys" => json(201, r#"{"id":"k","key":"audtk_key"}"#),
            "/integration/v1/calls" => json(201, r#"{"call_id":"c","status":"triggered"}"#),
            _ => json(404, r#"{"error":"Not found"}"#),
        }
    }

    #[event(queue)]
    async fn queue(
        batch: worker::MessageBatch<serde_json::Value>,
        _env: Env,
        _ctx: Context,
    ) -> Result<()> {
        batch.ack_all();
        Ok(())
    }

    #[event(scheduled)]
    async fn scheduled(_event: ScheduledEvent, _env: Env, _ctx: ScheduleContext) {}

    #[durable_object(alarm)]
    pub struct TrunkObject {
        state: State,
    }

    impl DurableObject for TrunkObject {
        fn new(state: State, _env: Env) -> Self {
            Self { state }
        }

        async fn fetch(&self, req: Request) -> Result<Response> {
            if req.path() == "/object-trap" {
                #[allow(clippy::panic)]
                {
                    panic!("asked to");
                }
            }
            let count: u32 = self.state.storage().get("count").await?.unwrap_or(0) + 1;
            self.state.storage().put("count", count).await?;
            json(200, &count.to_string())
        }

        async fn alarm(&self) -> Result<Response> {
            Response::empty()
        }
    }

    #[durable_object(alarm)]
    pub struct DirectoryObject;

    impl DurableObject for DirectoryObject {
        fn new(_state: State, _env: Env) -> Self {
            Self
        }

        async fn fetch(&self, _req: Request) -> Result<Response> {
            Response::empty()
        }

        async fn alarm(&self) -> Result<Response> {
            Response::empty()
        }
    }
}
