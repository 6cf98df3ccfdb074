use std::path::Path;

use super::*;

const SECRETS: &[&str] = &[
    "+14155552671",
    "+1-415-555-2671",
    "14155552671",
    "/hooks/T024BE91L",
    "audtk_3Kx9PZ",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJBUEkifQ.c2lnbmF0dXJl",
];

#[test]
fn an_event_is_one_line_of_json_that_says_what_where_and_how_bad() {
    let event = Event::QueueRefused {
        queue: "CALLBACKS",
        messages: 3,
        cause: Text("too many\n\"requests\""),
    };
    assert_eq!(
        event.line(),
        r#"{"level":"warning","event":"queue_refused","queue":"CALLBACKS","messages":3,"cause":"too many\n\"requests\""}"#
    );
}

#[test]
fn what_others_say_is_shortened_and_holds_no_number_no_credentials_and_no_token() {
    for secret in SECRETS {
        for text in [
            format!("fetch failed: {secret}"),
            format!("Error: {{\"to\":\"{secret}\"}}"),
            format!("key={secret}, and more"),
            format!("https://user:{secret}@example.com{secret}?q={secret} timed out"),
            format!("https://user:hunter2@example.com/x{secret}?q={secret}"),
        ] {
            let line = Event::SqlFailed { cause: Text(&text) }.line();
            assert!(
                !line.contains(secret) && !line.contains("hunter2"),
                "{line}"
            );
        }
    }
    let harmless = "no answer within 25000 ms (of 31106b7c-9d02-4723-8b07-5bb8d90240cb): UNIQUE constraint failed";
    assert_eq!(scrubbed(harmless), harmless);
    assert_eq!(
        scrubbed("wss://a:b@livekit.example.com/rtc?t=1"),
        "wss://livekit.example.com/…"
    );
    let long = Event::SqlFailed {
        cause: Text(&"ä ".repeat(9_000)),
    }
    .line();
    assert!(long.chars().count() < 400);
}

#[test]
fn a_number_a_url_and_a_key_mask_themselves() {
    fn written(value: &dyn Loggable) -> String {
        let mut line = String::new();
        value.write(&mut line);
        line
    }
    let number = E164::parse("+14155552671").expect("a number");
    assert_eq!(written(&&number), r#""+14…71""#);
    let url = Target {
        scheme: "https".into(),
        host: "example.com".into(),
        port: Some(8443),
        path: "/hooks/T024BE91L".into(),
        query: "?token=hunter2".into(),
        user: "user".into(),
        password: "hunter2".into(),
    };
    assert_eq!(written(&&url), r#""https://example.com:8443/…""#);
    let key = RawKey::from_entropy([7; 32]);
    assert!(written(&&key).len() < 20, "{}", written(&&key));
}

/// The events that JavaScript logs, as named in `src/edge/log.js`.
fn javascript() -> Vec<(String, String, String)> {
    let source = include_str!("../edge/log.js");
    let rows = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("* * `"));
    rows.map(|row| {
        let (name, rest) = row.split_once("` (").expect("a name");
        let (fields, text) = rest.split_once("): ").expect("fields");
        (name.to_owned(), fields.to_owned(), text.to_owned())
    })
    .collect()
}

#[test]
fn the_catalogue_in_the_docs_is_that_of_the_code() {
    let rust = EVENTS.iter().map(|event| {
        let fields = event.fields.iter().map(|field| format!("`{field}`"));
        let fields = fields.collect::<Vec<_>>().join(", ");
        let (name, level, text) = (event.name, event.level.name(), event.text.trim());
        format!("| `{name}` | {level} | {fields} | {text} |")
    });
    let javascript = javascript();
    assert!(javascript.len() >= 2);
    let javascript = javascript
        .iter()
        .map(|(name, fields, text)| format!("| `{name}` | error | {fields} | {text} |"));
    let rows: Vec<String> = rust.chain(javascript).collect();
    let docs = include_str!("../../docs/logs.md");
    let listed: Vec<&str> = docs
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(
        listed,
        rows,
        "docs/logs.md should list:\n{}",
        rows.join("\n")
    );
}

#[test]
fn nothing_is_logged_past_the_catalogue() {
    fn visit(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                visit(&path, found);
                continue;
            }
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if matches!(name, "log.rs" | "log.js" | "telemetry_tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let says = [
                "console_error!",
                "console_warn!",
                "console_log!",
                "console.error",
                "console.log",
                "console.warn",
            ];
            if says.iter().any(|say| text.contains(say)) {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    visit(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert_eq!(found, Vec::<String>::new());
}
