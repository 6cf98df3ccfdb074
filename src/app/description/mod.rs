//! A route's description, by whoever answers it. Path, method and role are in the table of routes.

pub mod examples;
pub mod names;
pub mod notification;
pub mod reference;
pub mod refusals;

use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::access::Role;
use crate::domain::refusal::Refusal;
use names::public_name;
use reference::{cursor, idempotency_key, reference};
use refusals::{must, too_low, unknown_field};

/// Nothing: any field is refused.
#[derive(ToSchema)]
pub struct NoFields {}

/// One route, as far as the table does not describe it.
pub struct Description {
    /// The operation's name in generated clients, where the action's own is not a verb.
    pub id: Option<&'static str>,
    pub tag: &'static str,
    pub summary: &'static str,
    pub text: String,
    pub parameters: Vec<Value>,
    pub body: Option<Body>,
    /// A body that is a file: each media type, and an example.
    pub file: Vec<(&'static str, &'static str)>,
    pub success: Success,
    /// Headers of the success: their names, and the names of their descriptions in the document.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Other successful responses.
    pub also: Vec<(Success, Vec<(&'static str, &'static str)>)>,
    /// Refusals beyond those of its access and of reading a body.
    pub refusals: Vec<Refusal>,
    /// Refusals of which the body says more than usual.
    pub refused: Vec<Refused>,
    /// Whether responses tell what is left of a trunk's limits.
    pub tells_quota: bool,
    /// Requests sent to whoever called it.
    pub callbacks: Option<Value>,
    /// Schemas of types that are not a response by themselves.
    pub shapes: Vec<Shape>,
    /// Schemas without a type.
    pub by_hand: Vec<(&'static str, Value)>,
}

/// A request's body.
pub struct Body {
    pub schema: Schema,
    pub required: bool,
    pub example: Value,
}

/// A successful response.
pub struct Success {
    pub status: u16,
    pub description: &'static str,
    pub schema: Option<Schema>,
    /// The media type of a text that is not JSON.
    pub text: Option<&'static str>,
    pub example: Value,
}

/// A refusal with a body of its own, and its shape for a given text.
pub struct Refused {
    pub status: u16,
    pub schema: Schema,
    pub example: fn(&str) -> Value,
}

/// The schemas of a type and of those it refers to, by their Rust names.
pub type Shape = fn() -> Vec<(String, Value)>;

/// A schema of the document.
pub struct Schema {
    pub name: String,
    /// `None` for one that is made by hand.
    pub shape: Option<Shape>,
}

impl Schema {
    pub fn of<T: ToSchema>() -> Self {
        Self {
            name: public_name(&T::name()).to_owned(),
            shape: Some(shape::<T>),
        }
    }

    pub fn by_hand(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shape: None,
        }
    }
}

fn shape<T: ToSchema>() -> Vec<(String, Value)> {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    let value = |(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default());
    found.into_iter().map(value).collect()
}

impl Success {
    fn new(status: u16, description: &'static str, schema: Schema, example: Value) -> Self {
        Self {
            status,
            description,
            schema: Some(schema),
            text: None,
            example,
        }
    }

    /// A text of this media type.
    pub fn text(description: &'static str, media_type: &'static str, example: &str) -> Self {
        Self {
            status: 200,
            description,
            schema: None,
            text: Some(media_type),
            example: example.into(),
        }
    }

    /// A 204, which has no body.
    pub fn nothing(description: &'static str) -> Self {
        Self {
            status: 204,
            description,
            schema: None,
            text: None,
            example: Value::Null,
        }
    }
}

/// 200 with this type.
pub fn ok<T: ToSchema>(description: &'static str, example: Value) -> Success {
    answer::<T>(200, description, example)
}

/// 200 with `{}`.
pub fn accepted() -> Success {
    by_hand(200, "Accepted.", "Empty", json!({}))
}

/// 201 with this type.
pub fn created<T: ToSchema>(example: Value) -> Success {
    answer::<T>(201, "Created.", example)
}

pub fn answer<T: ToSchema>(status: u16, description: &'static str, example: Value) -> Success {
    Success::new(status, description, Schema::of::<T>(), example)
}

/// A response without a type of ours.
pub fn by_hand(status: u16, description: &'static str, name: &str, example: Value) -> Success {
    Success::new(status, description, Schema::by_hand(name), example)
}

pub fn gone() -> Success {
    Success::nothing("Deleted.")
}

impl Description {
    pub fn new(
        tag: &'static str,
        summary: &'static str,
        text: impl Into<String>,
        success: Success,
    ) -> Self {
        Self {
            id: None,
            tag,
            summary,
            text: text.into(),
            parameters: Vec::new(),
            body: None,
            file: Vec::new(),
            success,
            headers: Vec::new(),
            also: Vec::new(),
            refusals: Vec::new(),
            refused: Vec::new(),
            tells_quota: false,
            callbacks: None,
            shapes: Vec::new(),
            by_hand: Vec::new(),
        }
    }

    pub fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    pub fn query(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    pub fn body<T: ToSchema>(self, example: Value) -> Self {
        self.brings(Schema::of::<T>(), true, example)
    }

    /// A body that is a file, of one of these media types.
    pub fn file(mut self, types: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        self.file.extend(types);
        self
    }

    /// A body that may be left out.
    pub fn optional_body<T: ToSchema>(self, example: Value) -> Self {
        self.brings(Schema::of::<T>(), false, example)
    }

    /// A body that may be left out, with a schema derived from another.
    pub fn change(self, schema: &str, example: Value) -> Self {
        self.brings(Schema::by_hand(schema), false, example)
    }

    /// A body that may be left out and has no fields.
    pub fn no_fields(self) -> Self {
        self.optional_body::<NoFields>(json!({}))
            .refuses([unknown_field()])
    }

    fn brings(mut self, schema: Schema, required: bool, example: Value) -> Self {
        self.body = Some(Body {
            schema,
            required,
            example,
        });
        self
    }

    pub fn header(mut self, name: &'static str, component: &'static str) -> Self {
        self.headers.push((name, component));
        self
    }

    pub fn also(
        mut self,
        success: Success,
        headers: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> Self {
        self.also.push((success, headers.into_iter().collect()));
        self
    }

    pub fn refuses(mut self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    pub fn refused_as(mut self, status: u16, schema: Schema, example: fn(&str) -> Value) -> Self {
        self.refused.push(Refused {
            status,
            schema,
            example,
        });
        self
    }

    pub fn tells_quota(mut self) -> Self {
        self.tells_quota = true;
        self
    }

    pub fn callbacks(mut self, callbacks: Value) -> Self {
        self.callbacks = Some(callbacks);
        self
    }

    pub fn shape<T: ToSchema>(mut self) -> Self {
        self.shapes.push(shape::<T>);
        self
    }

    pub fn schemas(mut self, schemas: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        self.by_hand.extend(schemas);
        self
    }

    /// The lists with `limit` and `cursor`.
    pub fn paged(self) -> Self {
        let limit = json!({
            "name": "limit", "in": "query", "description": "The maximum number of items on a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
        });
        let cursor = json!({
            "name": "cursor", "in": "query", "description": "The previous page's `next_cursor`.",
            "schema": cursor(),
        });
        self.query([limit, cursor]).refuses([
            Refusal::UnknownParameter("X".into()),
            Refusal::RepeatedParameter("X".into()),
            Refusal::Invalid("limit must be a number from 1 to 100".into()),
            Refusal::Invalid("cursor is invalid".into()),
        ])
    }

    /// A route that creates something takes an `Idempotency-Key`.
    pub fn once(self) -> Self {
        self.query([idempotency_key(
            "Repeating the same request with the same key within 24 hours returns the first response, including what is \
             shown only once, and creates nothing. Any other request of the organisation with that key gets 422, and one \
             that arrives while the first is still being decided gets 409. A refused request does not use up its key. An \
             organisation's last 10,000 keys are remembered, not counting those of `POST /calls`; beyond that, the oldest \
             are forgotten before their 24 hours are over.",
        )])
        .refuses([
            Refusal::IdempotencyKeyInvalid,
            Refusal::IdempotencyKeyReused,
            Refusal::IdempotencyKeyInProgress,
        ])
    }

    /// Whether it takes an `Idempotency-Key`.
    pub fn takes_key(&self) -> bool {
        let mut names = self.parameters.iter().map(|parameter| &parameter["name"]);
        names.any(|name| name == "Idempotency-Key")
    }

    /// The reference's lists, of which an owner may request everything.
    pub fn with_inactive(self) -> Self {
        let include = json!({
            "name": "include", "in": "query", "x-required-role": "owner",
            "description": "Lists inactive ones too. Lowest role: **owner**.",
            "schema": reference("Include"),
        });
        self.query([include])
            .refuses(too_low(Role::Owner))
            .refuses([
                Refusal::RepeatedParameter("X".into()),
                must("include", "inactive"),
                Refusal::UnknownParameter("X".into()),
            ])
    }
}
