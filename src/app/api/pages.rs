//! The static pages and files beside the API.

/// Where Studio is.
const STUDIO: &str = "/studio";
/// Where its scripts and styles are, each named by what it holds.
const HASHED: &str = "/studio/assets/";

/// What is served at a path that is no route's, if it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its path among the assets that are deployed, such as `/index.html`.
    pub file: &'a str,
    /// Whether it is the OpenAPI document, which names the origin that it was asked of.
    pub names_origin: bool,
    /// Whether a browser may keep it: it never changes under its name.
    pub may_be_kept: bool,
}

/// The page at a path. Studio's is one file, whatever the path below `/studio`: it finds its way by itself. What has a dot is a
/// file of its own.
#[must_use]
pub fn at(path: &str) -> Page<'_> {
    let below = path.strip_prefix(STUDIO);
    let is_view = below
        .is_some_and(|below| below.is_empty() || below.starts_with('/') && !below.contains('.'));
    Page {
        file: if is_view { STUDIO } else { path },
        names_origin: path == "/openapi.json",
        may_be_kept: path.starts_with(HASHED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_view_of_studio_is_its_one_page() {
        for path in ["/studio", "/studio/", "/studio/calls", "/studio/calls/1/2"] {
            assert_eq!(at(path).file, "/studio", "{path}");
        }
        for path in [
            "/",
            "/docs",
            "/studios",
            "/studio.html",
            "/studio/a.js",
            "/studio/assets/a.b/c",
        ] {
            assert_eq!(at(path).file, path);
        }
    }

    #[test]
    fn what_is_named_by_what_it_holds_may_be_kept_and_the_document_names_its_origin() {
        assert!(at("/studio/assets/index-1a2b.js").may_be_kept);
        for path in ["/studio", "/studio/assets", "/openapi.json", "/"] {
            assert!(!at(path).may_be_kept, "{path}");
        }
        assert!(at("/openapi.json").names_origin && !at("/docs").names_origin);
    }
}
