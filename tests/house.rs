//! The house stands: no floor names one above it, no two modules name each other, and files and functions fit a screen.
//!
//! Follows the paths in the text of `src`. A name leads to the file that defines it, through re-exports; a folder's module and
//! the files below it may name each other, as a type and its parts do. Tests inside files don't count.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Module = Vec<String>;

/// Files that list what all others of their folder have, as its `mod.rs` might: a folder's own, like that.
const LISTS: [(&str, &str); 3] = [
    ("app::campaign", "command"),
    ("app::directory", "command"),
    ("app::trunk", "command"),
];

/// Within `app`, from below: what clients see, the objects, what is done for a request, the routes, the document.
const STOREYS: [&[&str]; 5] = [
    &["views"],
    &["trunk", "contacts", "directory", "campaign"],
    &["calls", "manage", "studio"],
    &["api"],
    &["openapi"],
];

/// Where a path starts, and what follows.
type Named = (Module, Vec<String>);

#[derive(Default)]
struct House {
    files: BTreeMap<Module, String>,
    /// What a module hands on under which name.
    handed_on: BTreeMap<(Module, String), Named>,
    imports: BTreeMap<Module, Vec<(bool, String, Named)>>,
}

fn words(path: &str) -> Vec<String> {
    path.split("::")
        .map(|word| word.trim().to_owned())
        .collect()
}

/// The paths of a `use`, with the names that they get.
fn expand(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, tree));
        let name = name.rsplit("::").next().unwrap_or_default();
        return vec![(path.trim().to_owned(), name.trim().to_owned())];
    };
    let prefix = &tree[..open];
    let body = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let (mut parts, mut depth, mut part) = (Vec::new(), 0, String::new());
    for letter in body.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(letter);
        }
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| expand(part))
        .map(|(path, name)| match path.as_str() {
            "self" => {
                let whole = prefix.trim_end_matches("::").to_owned();
                let name = whole.rsplit("::").next().unwrap_or_default().to_owned();
                (whole, name)
            }
            _ => (format!("{prefix}{path}"), name),
        })
        .collect()
}

/// A file's code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Each `use` of a text: whether it hands on, and its tree; and the text without them.
fn uses(text: &str) -> (Vec<(bool, String)>, String) {
    let (mut found, mut rest) = (Vec::new(), String::new());
    let mut statement: Option<(bool, String)> = None;
    for line in text.lines() {
        let bare = line.trim_start();
        let public = bare.starts_with("pub");
        let tree = match bare.find("use ") {
            Some(0) => Some(&bare[4..]),
            Some(at) if public && !bare[..at].contains(['=', '{']) => Some(&bare[at + 4..]),
            _ => None,
        };
        match (&mut statement, tree) {
            (Some((_, so_far)), _) => so_far.push_str(bare),
            (None, Some(tree)) => statement = Some((public, tree.to_owned())),
            (None, None) => rest = rest + line + "\n",
        }
        if let Some((public, tree)) = statement.take() {
            match tree.split_once(';') {
                Some((tree, _)) => found.push((public, tree.to_owned())),
                None => statement = Some((public, tree)),
            }
        }
    }
    (found, rest)
}

/// The paths of two words and more.
fn paths(text: &str) -> Vec<Vec<String>> {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let texts = text.split(|letter| !part(letter));
    texts
        .filter(|path| path.contains("::"))
        .map(words)
        .collect()
}

impl House {
    fn read() -> Self {
        let mut house = Self::default();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        house.walk(&root, &mut Vec::new());
        let files = house.files.clone();
        for (module, text) in &files {
            let mut imports = Vec::new();
            for (public, tree) in uses(text).0 {
                for (path, name) in expand(&tree) {
                    let Some(named) = house.start(module, words(&path)) else {
                        continue;
                    };
                    if public {
                        let key = (module.clone(), name.clone());
                        house.handed_on.insert(key, named.clone());
                    }
                    imports.push((public, name, named));
                }
            }
            house.imports.insert(module.clone(), imports);
        }
        house
    }

    fn walk(&mut self, folder: &Path, module: &mut Module) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str());
            let name = name.expect("a name").to_owned();
            if path.is_dir() && name != "bin" {
                module.push(name);
                self.walk(&path, module);
                module.pop();
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let mut module = module.clone();
                module.extend(Some(name).filter(|name| name != "mod" && name != "lib"));
                let text = fs::read_to_string(&path).expect("a file");
                self.files.insert(module, code(&text));
            }
        }
    }

    /// Where a path starts; nothing for one into another crate.
    fn start(&self, from: &Module, mut path: Vec<String>) -> Option<Named> {
        let first = path.first()?.clone();
        let mut at = from.clone();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                while path.first().is_some_and(|word| word == "super") {
                    path.remove(0);
                    at.pop();
                }
                return Some((at, path));
            }
            _ => {
                let child = [at.as_slice(), &[first]].concat();
                return self.files.contains_key(&child).then_some((at, path));
            }
        }
        path.remove(0);
        Some((at, path))
    }

    /// The file that defines what a path names.
    fn home(&self, (at, path): &Named, hops: usize) -> Module {
        let mut at = at.clone();
        for (done, word) in path.iter().enumerate() {
            let child = [at.as_slice(), std::slice::from_ref(word)].concat();
            if self.files.contains_key(&child) {
                at = child;
                continue;
            }
            if let Some((base, rest)) = self.handed_on.get(&(at.clone(), word.clone()))
                && hops > 0
            {
                let rest = [rest.as_slice(), &path[done + 1..]].concat();
                return self.home(&(base.clone(), rest), hops - 1);
            }
            break;
        }
        at
    }

    /// Which files a file names.
    fn named_by(&self, module: &Module) -> BTreeSet<Module> {
        let imports = &self.imports[module];
        let mut named: Vec<Named> = Vec::new();
        named.extend(
            imports
                .iter()
                .filter(|(public, ..)| !public)
                .map(|(.., named)| named.clone()),
        );
        for path in paths(&uses(&self.files[module]).1) {
            let first = path.first().cloned().unwrap_or_default();
            let known = imports.iter().find(|(_, name, _)| *name == first);
            match known {
                Some((.., (at, start))) => {
                    named.push((at.clone(), [start.as_slice(), &path[1..]].concat()));
                }
                None => named.extend(self.start(module, path)),
            }
        }
        let homes = named.iter().map(|named| self.home(named, 10));
        homes.filter(|home| home != module).collect()
    }
}

/// The file of a folder that lists the others, if there is one.
fn list_of(folder: &Module) -> Option<&'static str> {
    let list = LISTS.iter().find(|(of, _)| *of == folder.join("::"));
    list.map(|(_, name)| *name)
}

/// The parts of a folder that name each other in a circle, if there are such; but for its `own`.
fn circle(
    folder: &Module,
    own: Option<&str>,
    edges: &BTreeMap<Module, BTreeSet<Module>>,
) -> BTreeSet<String> {
    let part = |module: &Module| {
        let inside = module.len() > folder.len() && module.starts_with(folder);
        let name = module.get(folder.len()).filter(|_| inside)?;
        (own != Some(name)).then(|| name.clone())
    };
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in edges {
        let Some(from) = part(from) else { continue };
        let to = to.iter().filter_map(part).filter(|to| *to != from);
        arrows.entry(from.clone()).or_default().extend(to);
    }
    // Whoever names nobody that is left, or whom nobody names, is in no circle.
    loop {
        let before = arrows.len();
        let named: BTreeSet<String> = arrows.values().flatten().cloned().collect();
        arrows.retain(|name, to| !to.is_empty() && named.contains(name));
        let left: BTreeSet<String> = arrows.keys().cloned().collect();
        for to in arrows.values_mut() {
            to.retain(|name| left.contains(name));
        }
        if arrows.len() == before {
            return left;
        }
    }
}

#[test]
fn no_two_modules_name_each_other_and_no_floor_names_one_above_it() {
    let house = House::read();
    assert!(house.files.len() > 100, "{} files", house.files.len());
    let edges: BTreeMap<Module, BTreeSet<Module>> = house
        .files
        .keys()
        .map(|module| (module.clone(), house.named_by(module)))
        .collect();
    let count: usize = edges.values().map(BTreeSet::len).sum();
    assert!(count > 500, "{count} names were understood");

    let floors = ["domain", "app", "edge"];
    let floor = |module: &Module| {
        floors
            .iter()
            .position(|floor| module.first().is_some_and(|name| name == floor))
    };
    for (from, to) in &edges {
        for to in to {
            let climbs = floor(from).is_some() && floor(to) > floor(from);
            assert!(!climbs, "{} names {}", from.join("::"), to.join("::"));
        }
    }
    let folders: BTreeSet<Module> = house
        .files
        .keys()
        .flat_map(|module| (1..module.len()).map(|depth| module[..depth].to_vec()))
        .collect();
    for folder in folders {
        let circle = circle(&folder, list_of(&folder), &edges);
        assert!(circle.is_empty(), "in {}: {circle:?}", folder.join("::"));
    }
    for (folder, list) in LISTS {
        let folder = words(folder);
        let without = circle(&folder, None, &edges);
        assert!(without.contains(list), "{list} need not be excepted");
    }

    let storey = |module: &Module| {
        let part = module.get(1).filter(|_| module[0] == "app")?;
        STOREYS
            .iter()
            .position(|names| names.contains(&part.as_str()))
    };
    for (from, to) in &edges {
        for to in to {
            let climbs = storey(from).is_some() && storey(to) > storey(from);
            assert!(!climbs, "{} names {}", from.join("::"), to.join("::"));
        }
    }
}

/// Files of tests, which go case by case.
fn is_of_tests(path: &str) -> bool {
    path.ends_with("tests.rs")
}

/// Functions that are tables of data, a line an entry.
const TABLES: [(&str, &str); 4] = [
    ("src/domain/refusal.rs", "code"),
    ("src/domain/refusal.rs", "status"),
    ("src/domain/refusal_examples.rs", "examples"),
    ("src/domain/refusal_text.rs", "text"),
];

/// Where functions begin and end, by the indentation that rustfmt gives them: their names and how many lines they take.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        let words: Vec<&str> = bare.split([' ', '(', '<']).collect();
        let Some(place) = words.iter().position(|word| *word == "fn") else {
            continue;
        };
        let may_stand_before = ["const", "async", "unsafe", "pub", "crate)", "super)"];
        if !words[..place]
            .iter()
            .all(|word| may_stand_before.contains(word))
        {
            continue;
        }
        let is_last = |line: &&str| {
            line.starts_with(&format!("{indent}}}"))
                || line.starts_with(indent) && line.ends_with(';')
        };
        let own_indent = |line: &&str| line.len() - line.trim_start().len() == indent.len();
        let last = lines[at..]
            .iter()
            .position(|line| own_indent(line) && is_last(line));
        let name = words.get(place + 1).copied().unwrap_or_default();
        found.push((name.to_owned(), last.map_or(0, |last| last + 1)));
    }
    found
}

fn each_file(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            each_file(&path, found);
        } else if path.extension().is_some_and(|ending| {
            ["rs", "js", "ts", "tsx", "mjs", "py", "css"]
                .iter()
                .any(|known| ending == *known)
        }) {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let name = path.strip_prefix(root).expect("a path of the project");
            let text = fs::read_to_string(&path).expect("a file");
            found.insert(name.display().to_string(), text);
        }
    }
}

#[test]
fn no_file_is_longer_than_400_lines_and_no_function_than_70() {
    let mut files = BTreeMap::new();
    for folder in ["src", "studio/src", "scripts", "agent/audatec_agent"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        each_file(&root.join(folder), &mut files);
    }
    // Made by the build from openapi.json.
    files.remove("studio/src/lib/schema.d.ts");
    files.retain(|path, _| !is_of_tests(path));
    assert!(files.len() > 250, "{} files", files.len());

    let long = files.iter().filter(|(_, text)| text.lines().count() > 400);
    let long: Vec<_> = long.map(|(path, _)| path).collect();
    assert!(long.is_empty(), "over 400 lines: {long:?}");

    let (mut seen, mut long) = (0, Vec::new());
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        for (name, lines) in functions(&code(text)) {
            seen += 1;
            let is_table = TABLES.contains(&(path.as_str(), name.as_str()));
            if lines > 70 && !is_table {
                long.push(format!("{path}: {name} has {lines}"));
            }
        }
    }
    assert!(seen > 1_500, "{seen} functions");
    assert!(long.is_empty(), "over 70 lines: {long:?}");
}
