use super::*;
use serde_json::json;

#[test]
fn a_whole_number_may_be_written_with_a_point() {
    for (value, whole_of) in [
        (json!(5), Some(5)),
        (json!(5.0), Some(5)),
        (json!(1e1), Some(10)),
        (json!(0), None),
        (json!(0.5), None),
        (json!(5.5), None),
        (json!(-5.0), None),
        (json!(11.0), None),
        (json!(1e300), None),
        (json!("5"), None),
        (json!(null), None),
    ] {
        assert_eq!(whole(&value, 1..=10), whole_of, "{value}");
    }
}
