//! URLs, parsed as a WHATWG parser does: the runtime does it for the Worker.

use audatec::domain::target::Target;

pub fn parse_url(text: &str) -> Option<Target> {
    let url = url::Url::parse(text).ok()?;
    Some(Target {
        scheme: url.scheme().to_owned(),
        host: url.host_str()?.to_owned(),
        port: url.port(),
        path: url.path().to_owned(),
        query: url
            .query()
            .map_or_else(String::new, |query| format!("?{query}")),
        user: url.username().to_owned(),
        password: url.password().unwrap_or_default().to_owned(),
    })
}
