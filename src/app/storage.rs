//! Files in an organisation's own S3-compatible storage: where they are, by the locations that LiveKit reports, and deleting one
//! with a request signed by AWS Signature Version 4.

use sha2::{Digest, Sha256};

use super::host::{Host, Storage, StorageAnswer};
use super::iso8601;
use crate::domain::ids::CallId;
use crate::domain::mac::{hex, hmac_sha256};
use crate::domain::media::S3Target;
use crate::domain::search;
use crate::domain::target::Target;
use crate::domain::time::{Span, Timestamp};

/// How long a storage may take to answer.
const TIMEOUT: Span = Span(10_000);
/// S3's longest key, in bytes.
const LONGEST_KEY: usize = 1_024;
/// The region of buckets for which none is set.
const SOMEWHERE: &str = "us-east-1";
/// SHA-256 of the empty body.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is not there any more.
    Gone,
    /// It can't be deleted.
    Left,
    /// The storage has not answered: it must be asked again.
    Again,
}

/// The key that the platform gives a call's recording.
#[must_use]
pub fn recording_key(storage: &S3Target, call: CallId) -> String {
    format!("{}{call}.ogg", storage.prefix)
}

/// Whether the bucket's name goes into the path: it can be put in front of a host name, but not of an IP address.
#[must_use]
pub fn names_bucket_in_path(host: &impl Host, storage: &S3Target) -> bool {
    let endpoint = host.parse_url(&storage.endpoint);
    endpoint.is_some_and(|url| url.is_address())
}

/// Deletes a call's recording: the file at `location`, or, without one, where the platform would have put it.
pub async fn delete_recording(
    world: &(impl Host + Storage),
    storage: &S3Target,
    secret: &str,
    call: CallId,
    location: Option<&str>,
) -> Deletion {
    let file = match location {
        Some(location) => File::found(storage, location),
        None => Some(File {
            key: recording_key(storage, call),
            by_path: names_bucket_in_path(world, storage),
        }),
    };
    let Some(file) = file.filter(|file| file.key.len() <= LONGEST_KEY) else {
        return Deletion::Left;
    };
    let answer = file.delete(world, storage, secret, region(storage)).await;
    let answer = match answer {
        // An AWS bucket is in another region than was set: LiveKit finds it by itself, so it is found here too.
        Ok(elsewhere) if is_elsewhere(storage, &elsewhere) => {
            let region = elsewhere.region.unwrap_or_default();
            file.delete(world, storage, secret, &region).await
        }
        answer => answer,
    };
    answer.map_or_else(|failed| failed, |answer| outcome(&answer))
}

fn outcome(answer: &StorageAnswer) -> Deletion {
    match answer.status {
        204 if answer.is_hidden => Deletion::Left,
        204 => Deletion::Gone,
        // Any server says 200 or 404, and a missing bucket is a 404 too: only of a missing key does it mean that the file is gone.
        404 if search::contains(&answer.body, "NoSuchKey") => Deletion::Gone,
        408 | 429 | 500.. => Deletion::Again,
        _ => Deletion::Left,
    }
}

fn is_elsewhere(storage: &S3Target, answer: &StorageAnswer) -> bool {
    let is_other = |told: &String| told != region(storage) && is_plain(told);
    storage.endpoint.is_empty()
        && matches!(answer.status, 301 | 307 | 400)
        && answer.region.as_ref().is_some_and(is_other)
}

fn region(storage: &S3Target) -> &str {
    match storage.region.as_str() {
        "" => SOMEWHERE,
        region => region,
    }
}

/// Whether this name can be part of a host name.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !name.is_empty() && name.bytes().all(is_plain)
}

/// A file in the bucket.
#[derive(Debug, PartialEq, Eq)]
struct File {
    key: String,
    /// The bucket's name is in the path, not in the host name.
    by_path: bool,
}

impl File {
    /// The file at this location, if it is in this bucket. LiveKit composes the location as text: it puts the bucket before the
    /// endpoint even if that begins with a scheme, and leaves the region out of AWS's hosts.
    fn found(storage: &S3Target, location: &str) -> Option<Self> {
        let regional = aws_host(region(storage));
        let hosts = match storage.endpoint.as_str() {
            "" => ["s3.amazonaws.com", regional.as_str()],
            endpoint => [without_scheme(endpoint); 2],
        };
        let (rest, bucket) = (without_scheme(location), storage.bucket.as_str());
        let below = |text: &'_ str, folder: &str| {
            let key = text.strip_prefix(folder)?.strip_prefix('/')?;
            (!key.is_empty()).then(|| key.to_owned())
        };
        hosts.into_iter().find_map(|host| {
            let host_names_it = rest.strip_prefix(bucket).and_then(|rest| {
                let rest = without_scheme(rest.strip_prefix('.')?);
                below(rest, host)
            });
            if let Some(key) = host_names_it {
                return Some(Self {
                    key,
                    by_path: false,
                });
            }
            let key = below(rest, &format!("{host}/{bucket}"))?;
            Some(Self { key, by_path: true })
        })
    }

    /// The storage's answer to a DELETE in that region; or that it can't be asked, or has not answered.
    async fn delete(
        &self,
        world: &(impl Host + Storage),
        storage: &S3Target,
        secret: &str,
        region: &str,
    ) -> Result<StorageAnswer, Deletion> {
        let target = self.target(world, storage, region);
        let target = target.ok_or(Deletion::Left)?;
        let signed = Signed {
            target: &target,
            region,
            access_key: &storage.access_key,
            secret,
            at: world.now(),
        };
        let answer = world
            .delete(&target.address(), &signed.headers(), TIMEOUT)
            .await;
        answer.map_err(|_| Deletion::Again)
    }

    /// The file's URL; `None` if the Worker may not send requests there.
    fn target(&self, host: &impl Host, storage: &S3Target, region: &str) -> Option<Target> {
        if !is_plain(&storage.bucket) || !is_plain(region) {
            return None;
        }
        let is_aws = storage.endpoint.is_empty();
        let mut target = match is_aws {
            true => Target {
                scheme: "https".into(),
                host: aws_host(region),
                ..Target::default()
            },
            false => host.parse_url(&storage.endpoint)?,
        };
        let folder = target.path.trim_end_matches('/').to_owned();
        // AWS's certificate covers names with only one more label.
        let by_path = match is_aws {
            true => search::contains(&storage.bucket, "."),
            false => self.by_path,
        };
        let key = encoded(&self.key);
        let bucket = &storage.bucket;
        target.path = match by_path {
            true => format!("{folder}/{bucket}/{key}"),
            false => format!("{folder}/{key}"),
        };
        if !by_path {
            target.host = format!("{bucket}.{}", target.host);
        }
        // The URL requested must be the one judged and signed: a path with dots in it would be changed on its way.
        let read = host.parse_url(&target.address())?;
        let settings = host.settings();
        let own = settings.public_url.as_deref();
        let own = own.and_then(|url| host.parse_url(url));
        let own = own.map(|url| url.host).unwrap_or_default();
        let may_go = read.judge(&own, settings.allow_loopback).is_ok();
        (may_go && read.path == target.path && read.query.is_empty()).then_some(read)
    }
}

fn aws_host(region: &str) -> String {
    let china = match region.starts_with("cn-") {
        true => ".cn",
        false => "",
    };
    format!("s3.{region}.amazonaws.com{china}")
}

fn without_scheme(url: &str) -> &str {
    let rest = url.strip_prefix("https://");
    rest.or_else(|| url.strip_prefix("http://")).unwrap_or(url)
}

/// A key as written in a path, which is also how it is signed.
fn encoded(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                path.push(byte.into());
            }
            _ => {
                path.push('%');
                path.push_str(&hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    path
}

/// A request to be signed.
struct Signed<'a> {
    target: &'a Target,
    region: &'a str,
    access_key: &'a str,
    secret: &'a str,
    at: Timestamp,
}

impl Signed<'_> {
    fn headers(&self) -> [(&'static str, String); 3] {
        let time = iso8601::format(self.at);
        let digits = time.chars().take(19);
        let date: String = digits.filter(|sign| !matches!(sign, '-' | ':')).collect();
        let date = format!("{date}Z");
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let target = ["DELETE", &self.target.path, ""];
        let signature = self.signature(target, &date, &scope);
        let names = "host;x-amz-content-sha256;x-amz-date";
        let access_key = self.access_key;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        [
            ("Authorization", authorization),
            ("X-Amz-Content-Sha256", NOTHING.into()),
            ("X-Amz-Date", date),
        ]
    }

    /// The signature of a request without a body, by its method, path and query.
    fn signature(&self, [method, path, query]: [&str; 3], date: &str, scope: &str) -> String {
        let origin = self.target.origin();
        let host = without_scheme(&origin);
        let request = format!(
            "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{NOTHING}\nx-amz-date:{date}\n\n\
             host;x-amz-content-sha256;x-amz-date\n{NOTHING}"
        );
        let digest = hex(&Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in scope.split('/') {
            key = keyed(&key, part);
        }
        hex(&keyed(&key, &text))
    }
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    use hmac::Mac;
    let mut mac = hmac_sha256(key);
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
#[path = "storage_tests.rs"]
mod tests;
