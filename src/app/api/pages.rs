//! The static pages and files beside the API.

/// The path of Studio.
const STUDIO: &str = "/studio";
/// The path of its scripts and styles, each named by a hash of its content.
const HASHED: &str = "/studio/assets/";

/// What is served at a path that is not a route's, if it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its path among the deployed assets, such as `/index.html`.
    pub file: &'a str,
    /// Whether it is the OpenAPI document, which names the origin it was requested from.
    pub names_origin: bool,
    /// Whether a browser may cache it for good: it never changes under its name.
    pub may_be_kept: bool,
}

/// The page at a path. Studio is one file for any path below `/studio` and routes on its own; a path with a dot is a file of
/// its own.
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
