//! Stored and sent JSON, pinned. `UPDATE_GOLDEN=1` writes what is missing or new; a golden of
//! stored rows that ever was released is never edited, only joined by another.

use std::path::PathBuf;

use serde_json::Value;

/// Compares with `tests/golden/directory/{name}.json`.
pub fn check(name: &str, value: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/golden/directory/{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &text).expect("written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text, golden,
        "{name}: run with UPDATE_GOLDEN=1 if this is meant"
    );
}
