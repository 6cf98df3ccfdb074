use serde_json::json;

use super::*;

fn request(media_type: &str, body: impl Into<Vec<u8>>) -> Request {
    Request {
        content_type: Some(media_type.into()),
        body: body.into(),
        ..Request::default()
    }
}

/// The rows as `[phone, reference, zone, metadata, error]`.
fn read(media_type: &str, body: &str) -> Result<Vec<Value>, String> {
    let request = request(media_type, body);
    let mut file = File::of(&request).map_err(|refusal| refusal.text())?;
    let rows = std::iter::from_fn(|| file.next_row());
    let told = |row: Row| {
        let wrong = row.wrong.map(|refusal| refusal.text());
        json!([row.phone, row.reference, row.time_zone, row.metadata, wrong])
    };
    Ok(rows.map(told).collect())
}

fn wrong(text: &str) -> Value {
    json!([null, null, null, null, text])
}

#[test]
fn columns_beside_the_three_are_metadata_and_empty_cells_are_absent() {
    let body = "\u{feff}name, reference,phone_number,time_zone,due\r\n\"Rao, \"\"R\"\"\nJr\",7,+919876543210,Asia/Kolkata,\r\n\r\n,,+15005550000,,\n";
    assert_eq!(
        read("text/csv; charset=utf-8", body),
        Ok(vec![
            json!(["+919876543210", "7", "Asia/Kolkata", {"name": "Rao, \"R\"\nJr"}, null]),
            json!(["+15005550000", null, null, null, null]),
        ])
    );
}

#[test]
fn a_csv_row_that_is_wrong_takes_no_other_along() {
    let body = "phone_number,name\n+15005550000\n+1500\"5550001,c\n+15005550002,d\n";
    assert_eq!(
        read("text/csv", body),
        Ok(vec![
            wrong("the row has 1 cells, the header line has 2"),
            wrong("the row's quotes are wrong"),
            json!(["+15005550002", null, null, {"name": "d"}, null]),
        ])
    );
}

#[test]
fn a_csv_file_that_breaks_off_within_crlf_has_its_last_row() {
    let whole = "phone_number,reference,name\r\n+15005550000,7,\"Rao\"\r\n+15005550001,8,Ana\r\n";
    let rows = vec![
        json!(["+15005550000", "7", null, {"name": "Rao"}, null]),
        json!(["+15005550001", "8", null, {"name": "Ana"}, null]),
    ];
    let cut = |end: usize| read("text/csv", &whole[..end]).expect("a file");
    assert_eq!(cut(whole.len() - 1), rows);
    let first = whole.find("\"\r\n").expect("quoted") + 2;
    assert_eq!(cut(first), rows[..1]);
    // Otherwise the same row of the whole file would be somebody else.
    assert_eq!(cut(whole.len()), rows);
}

#[test]
fn what_is_no_such_csv_is_told_and_never_guessed() {
    let error = |body: &str| read("text/csv", body).expect_err("no file");
    let commas = "columns must be separated by commas";
    assert_eq!(error("phone_number;reference\n+15005550000;1\n"), commas);
    assert_eq!(error("\"phone_number\";\"reference\"\n"), commas);
    assert_eq!(error("phone_number\treference\n"), commas);
    // Lines of classic Mac OS, with which all of it would be a header line without rows.
    let ends = "lines must end with CRLF or LF";
    assert_eq!(error("phone_number\r+15005550000\r"), ends);
    assert_eq!(
        error("phone_number,name\r+15005550000,Ana\r+15005550001,Ben"),
        ends
    );
    assert_eq!(error("phone_number,name\r+15005550000,name\r"), ends);
    assert_eq!(read("text/csv", "phone_number\r"), Ok(vec![]));
    let unnamed = "the header line must name phone_number";
    for body in ["", "\n", "number,name\n+15005550000,a\n", "+15005550000\n"] {
        assert_eq!(error(body), unnamed);
    }
    assert_eq!(
        error("phone_number,name,name\n"),
        "column given twice: name"
    );
    assert_eq!(
        error("phone_number,\n"),
        "the header line must name each column"
    );
    let many = (0..1_000).map(|nth| format!(",c{nth}"));
    let many = format!("phone_number{}\n", many.collect::<String>());
    assert_eq!(
        error(&many),
        "the header line must name at most 1000 columns"
    );
    assert_eq!(read("text/csv", "phone_number"), Ok(vec![]));
}

#[test]
fn each_line_of_ndjson_is_a_row() {
    let body = "{\"phone_number\": \"+919876543210\", \"metadata\": {\"a\": [1]}, \"reference\": null}\r\n\n{\"phone\": 1}\n{\"pho\n[]\n{\"phone_number\": 1, \"x\": 1}\n{\"reference\": 1}\n{\"metadata\": []}\n{\"time_zone\": 5}";
    assert_eq!(
        read("application/x-ndjson", body),
        Ok(vec![
            json!(["+919876543210", null, null, {"a": [1]}, null]),
            wrong("unknown field: phone"),
            wrong("the row must be valid JSON"),
            wrong("the row must be a JSON object"),
            wrong("phone_number must be in E.164 format"),
            wrong("reference must be a string"),
            wrong("metadata must be an object"),
            wrong("time_zone must be an IANA time zone"),
        ])
    );
}

#[test]
fn recipients_of_a_json_body_are_read_one_by_one() {
    let body = "\u{feff} { \"recipients\" : [ {\"phone_number\": \"+15005550000\", \"reference\": \"a]},{\"} , 5 ,{\"time_zone\":\"Asia/Kolkata\"}\n] }\n";
    assert_eq!(
        read("application/json", body),
        Ok(vec![
            json!(["+15005550000", "a]},{", null, null, null]),
            wrong("the row must be a JSON object"),
            json!([null, null, "Asia/Kolkata", null, null]),
        ])
    );
    assert_eq!(read("application/json", r#"{"recipients":[]}"#), Ok(vec![]));
}

#[test]
fn a_json_body_is_whole_or_nothing_of_it_is_taken() {
    let error = |body: &str| read("application/json", body).expect_err("no file");
    let good = r#"{"phone_number": "+15005550000"}"#;
    for body in [
        format!(r#"{{"recipients": [{good}, {{"phone"#),
        format!(r#"{{"recipients": [{good}"#),
        format!(r#"{{"recipients": [{good}]"#),
        format!(r#"{{"recipients": [{good}]}} x"#),
        format!(r#"{{"recipients": [{good} {good}]}}"#),
        format!(r#"{{"recipients": [{good},]}}"#),
        format!(r#"{{"recipients": [,{good}]}}"#),
        format!(r#"{{"recipients": [{good}}}}}"#),
        format!(r#"{{"recipients": [{good}, nul]}}"#),
        format!("{{\"recipients\": [{good},\u{a0}{good}]}}"),
        format!("{{\"recipients\": [\u{2003}{good}]}}"),
        "x".into(),
    ] {
        assert_eq!(error(&body), "Request body must be valid JSON", "{body}");
    }
    assert_eq!(error("[]"), "Request body must be a JSON object");
    assert_eq!(error("{}"), "recipients is required");
    assert_eq!(error(r#"{"recipients": null}"#), "recipients is required");
    let array = "recipients must be one array";
    assert_eq!(error(r#"{"recipients": {}}"#), array);
    assert_eq!(error(r#"{"recipients": [], "recipients": [1]}"#), array);
    assert_eq!(
        error(r#"{"colour": 1, "recipients": []}"#),
        "unknown field: colour"
    );
}

#[test]
fn what_is_too_much_is_refused_before_anything_is_taken() {
    let rows = |count: usize| format!("phone_number\n{}", "+15005550000\n".repeat(count));
    assert_eq!(
        read("text/csv", &rows(20_000)).map(|rows| rows.len()),
        Ok(20_000)
    );
    assert_eq!(
        read("text/csv", &rows(20_001)),
        Err("Request body must be at most 20000 rows".into())
    );
    let large = request("text/csv", vec![b'a'; MAX_FILE + 1]);
    let refused = |request: &Request| File::of(request).err().map(|refusal| refusal.text());
    assert_eq!(
        refused(&large),
        Some("Request body must be at most 8388608 bytes".into())
    );
    let row = format!(r#"{{"reference": "{}"}}"#, "a".repeat(MAX_BODY));
    let long = wrong("the row must be at most 65536 bytes");
    assert_eq!(
        read("application/json", &format!(r#"{{"recipients":[{row}]}}"#)),
        Ok(vec![long.clone()])
    );
    assert_eq!(read("application/x-ndjson", &row), Ok(vec![long]));
    let deep = format!(r#"{{"metadata": {}{}}}"#, "[".repeat(100), "]".repeat(100));
    assert_eq!(
        read("application/x-ndjson", &deep),
        Ok(vec![wrong("the row must be at most 100 levels deep")])
    );
}

#[test]
fn another_encoding_and_another_type_are_told() {
    let refused = |request: &Request| File::of(request).err().map(|refusal| refusal.text());
    let latin = request("text/csv", *b"phone_number,name\n+15005550000,Ren\xe9\n");
    let utf16 = request("text/csv", *b"\xff\xfep\0h\0");
    for file in [latin, utf16] {
        assert_eq!(refused(&file), Some("Request body must be UTF-8".into()));
    }
    assert_eq!(
        refused(&request("text/plain", "a")),
        Some("Content-Type must be application/json, application/x-ndjson or text/csv".into())
    );
    assert_eq!(
        refused(&Request::default()),
        Some("recipients is required".into())
    );
    let zipped = Request {
        content_encoding: Some("gzip".into()),
        ..request("text/csv", "phone_number\n")
    };
    assert_eq!(
        refused(&zipped),
        Some("Content-Encoding is not supported: gzip".into())
    );
}
