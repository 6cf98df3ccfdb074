use super::*;
use crate::domain::sealed::Sealed;

fn storage(endpoint: &str) -> S3Target {
    S3Target {
        endpoint: endpoint.into(),
        region: "eu-central-1".into(),
        bucket: "calls".into(),
        prefix: "acme/".into(),
        access_key: "AKIAIOSFODNN7EXAMPLE".into(),
        secret: Sealed(String::new()),
    }
}

#[test]
fn a_request_is_signed_as_aws_says() {
    // "GET Bucket Lifecycle", one of AWS's examples of Signature Version 4.
    let target = Target {
        scheme: "https".into(),
        host: "examplebucket.s3.amazonaws.com".into(),
        ..Target::default()
    };
    let signed = Signed {
        target: &target,
        region: "us-east-1",
        access_key: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        at: Timestamp(1_369_353_600_000),
    };
    let scope = "20130524/us-east-1/s3/aws4_request";
    let request = ["GET", "/", "lifecycle="];
    assert_eq!(
        signed.signature(request, "20130524T000000Z", scope),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
    let [(_, authorization), _, (_, date)] = signed.headers();
    assert_eq!(date, "20130524T000000Z");
    let begins =
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ";
    assert!(authorization.starts_with(begins), "{authorization}");
}

#[test]
fn a_file_is_found_by_its_location_in_this_bucket_alone() {
    let found = |endpoint: &str, location: &str| {
        let file = File::found(&storage(endpoint), location)?;
        Some((file.key, file.by_path))
    };
    let by = |key: &str, by_path| Some((key.to_owned(), by_path));
    for (endpoint, location, file) in [
        (
            "",
            "https://calls.s3.amazonaws.com/acme/x.ogg",
            by("acme/x.ogg", false),
        ),
        (
            "",
            "https://calls.s3.eu-central-1.amazonaws.com/acme/x.ogg",
            by("acme/x.ogg", false),
        ),
        (
            "",
            "https://s3.amazonaws.com/calls/acme/x.ogg",
            by("acme/x.ogg", true),
        ),
        ("", "https://other.s3.amazonaws.com/acme/x.ogg", None),
        ("", "https://calls.s3.amazonaws.com/", None),
        (
            "",
            "https://calls.s3.amazonaws.com.evil.example/acme/x.ogg",
            None,
        ),
        (
            "https://s3.example.com",
            "https://calls.s3.example.com/a b/x.ogg",
            by("a b/x.ogg", false),
        ),
        // As LiveKit writes it if the endpoint includes a scheme.
        (
            "https://s3.example.com",
            "https://calls.https://s3.example.com/x.ogg",
            by("x.ogg", false),
        ),
        (
            "http://192.0.2.7:9000",
            "http://192.0.2.7:9000/calls/x.ogg",
            by("x.ogg", true),
        ),
        (
            "https://s3.example.com/deep",
            "https://s3.example.com/deep/calls/x.ogg",
            by("x.ogg", true),
        ),
        (
            "https://s3.example.com",
            "https://s3.example.com/callsandmore/x.ogg",
            None,
        ),
        (
            "https://s3.example.com",
            "https://calls.s3.amazonaws.com/x.ogg",
            None,
        ),
        ("https://s3.example.com", "", None),
    ] {
        assert_eq!(found(endpoint, location), file, "{endpoint} {location}");
    }
}

#[test]
fn a_key_is_written_as_its_signature_wants_it() {
    assert_eq!(encoded("a b/ä+%.ogg"), "a%20b/%C3%A4%2B%25.ogg");
}

#[test]
fn what_an_answer_means() {
    let answer = |status: u16, body: &str, is_hidden| {
        outcome(&StorageAnswer {
            status,
            body: body.into(),
            region: None,
            is_hidden,
        })
    };
    assert_eq!(answer(204, "", false), Deletion::Gone);
    assert_eq!(
        answer(204, "", true),
        Deletion::Left,
        "of which a version stays"
    );
    assert_eq!(answer(404, "<Code>NoSuchKey</Code>", false), Deletion::Gone);
    assert_eq!(
        answer(404, "<Code>NoSuchBucket</Code>", false),
        Deletion::Left
    );
    for (status, body) in [(200, ""), (202, ""), (404, ""), (404, "<h1>Not Found</h1>")] {
        assert_eq!(
            answer(status, body, false),
            Deletion::Left,
            "a server that is no storage says nothing of a file"
        );
    }
    for status in [408, 429, 500, 503, 599] {
        assert_eq!(answer(status, "", false), Deletion::Again, "{status}");
    }
    for status in [301, 307, 400, 401, 403, 405, 409] {
        assert_eq!(answer(status, "", false), Deletion::Left, "{status}");
    }
}
