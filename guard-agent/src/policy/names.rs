//! Names of tables and functions in a rule, and the keys that they become.

use crate::dialect;
use crate::yaml::diagnostic::{Place, Report, Spot, shown};
use crate::yaml::fields::{Fields, items, text, word};
use crate::yaml::tree::{Node, Value};
use guard_common::abi::names::{Key, name_hash};
use guard_common::facts::Access;

/// Longest part of a name, in bytes: PostgreSQL cuts longer ones.
const PART_BYTES: usize = 63;

/// Schemas of a MySQL server's own, whose tables a statement names with the schema.
const SYSTEM_SCHEMAS: [&str; 3] = ["mysql", "performance_schema", "sys"];

/// A name as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Empty where none is written.
    schema: String,
    /// The last part; `None`: every name of the schema (`hr.*`).
    last: Option<String>,
}

/// Names that a condition lists.
#[derive(Debug)]
pub(crate) struct Names {
    /// Where the condition stands.
    pub(crate) place: Place,
    /// It means every name but these.
    pub(crate) except: bool,
    pub(crate) names: Vec<Name>,
}

/// Which tables a statement touches, and how.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) names: Names,
    /// In no order; never empty.
    pub(crate) access: Vec<Access>,
}

/// Reads `tables`.
pub(crate) fn tables(node: &Node, report: &mut Report) -> Option<Tables> {
    if !matches!(node.value, Value::Map(_)) {
        return Some(Tables {
            names: Names {
                place: node.place.clone(),
                except: false,
                names: list(node, "a table", false, report),
            },
            access: Access::ALL.to_vec(),
        });
    }
    let mut fields = Fields::open(node, "`tables`", report)?;
    let listed = fields.take("names");
    let except = fields.take("except");
    let access = fields.take("access");
    let unknown = fields.has_unknown();
    fields.close(report);
    let names = either(node, listed, except, unknown, "a table", report)?;
    let words = Access::ALL.map(|access| (access.name(), access));
    let access = match access {
        None => Access::ALL.to_vec(),
        Some(node) => items(node, "kinds of access", report)
            .iter()
            .filter_map(|node| word(node, "a kind of access", &words, report))
            .map(|spot| spot.value)
            .collect(),
    };
    Some(Tables { names, access })
}

/// Reads `functions`.
pub(crate) fn functions(node: &Node, report: &mut Report) -> Option<Names> {
    if !matches!(node.value, Value::Map(_)) {
        return Some(Names {
            place: node.place.clone(),
            except: false,
            names: list(node, "a function", false, report),
        });
    }
    let mut fields = Fields::open(node, "`functions`", report)?;
    let listed = fields.take("names");
    let lists = fields.take("lists");
    let except = fields.take("except");
    let unknown = fields.has_unknown();
    fields.close(report);
    let Some(lists) = lists else {
        return either(node, listed, except, unknown, "a function", report);
    };
    if let Some(except) = except {
        let cause = "`except` and `lists` exclude each other";
        let help =
            "`except` means every function that is not known to be safe; make two rules of it";
        report.error(&except.place, cause, help);
    }
    let mut names = listed.map_or_else(Vec::new, |node| list(node, "a function", false, report));
    names.extend(shipped(lists, report));
    Some(Names {
        place: node.place.clone(),
        except: false,
        names,
    })
}

/// Exactly one of `names` and `except`.
fn either(
    node: &Node,
    names: Option<&Node>,
    except: Option<&Node>,
    unknown: bool,
    what: &str,
    report: &mut Report,
) -> Option<Names> {
    let place = node.place.clone();
    match (names, except) {
        (Some(node), None) => Some(Names {
            place,
            except: false,
            names: list(node, what, false, report),
        }),
        (None, Some(node)) => Some(Names {
            place,
            except: true,
            names: list(node, what, true, report),
        }),
        (Some(_), Some(node)) => {
            let cause = "`names` and `except` exclude each other";
            let help = "`names` means these, `except` all others; make two rules of it";
            report.error(&node.place, cause, help);
            None
        }
        // A misspelt key has been reported; one error for one mistake.
        (None, None) if unknown => None,
        (None, None) => {
            let cause = "it is not said which";
            report.error(
                &place,
                cause,
                "write names: [ … ], or except: [ … ] for all others",
            );
            None
        }
    }
}

/// The functions of shipped lists.
fn shipped(node: &Node, report: &mut Report) -> Vec<Name> {
    let lists = dialect::function_lists();
    let mut words: Vec<(&str, Option<usize>)> = vec![("all", None)];
    words.extend(
        lists
            .iter()
            .enumerate()
            .map(|(index, list)| (list.name, Some(index))),
    );
    let mut names = Vec::new();
    for node in items(node, "lists of functions", report) {
        let Some(Spot { value, .. }) = word(node, "a list of functions", &words, report) else {
            continue;
        };
        let chosen = match value {
            None => lists.as_slice(),
            Some(index) => lists.get(index..=index).unwrap_or_default(),
        };
        let functions = chosen.iter().flat_map(|list| &list.functions);
        names.extend(functions.map(|name| Name {
            schema: String::new(),
            last: Some((*name).to_owned()),
        }));
    }
    names
}

fn list(node: &Node, what: &str, schemas: bool, report: &mut Report) -> Vec<Name> {
    let mut names = Vec::new();
    let plural = format!("{}s", what.strip_prefix("a ").unwrap_or(what));
    for node in items(node, &plural, report) {
        let Some(given) = text(node, &format!("the name of {what}"), report) else {
            continue;
        };
        match parse(&given.value) {
            Ok(name) if name.last.is_none() && !schemas => report.error(
                &given.place,
                format!("{} stands for a whole schema", shown(&given.value)),
                "a whole schema can stand under `except` only; list the names that are meant",
            ),
            Ok(name) => names.push(name),
            Err(WrongName { cause, help }) => {
                let cause = format!("{} is not the name of {what}: {cause}", shown(&given.value));
                report.error(&given.place, cause, help);
            }
        }
    }
    names
}

/// What is wrong with a name, and what to write.
#[derive(Debug)]
struct WrongName {
    cause: &'static str,
    help: String,
}

fn wrong(cause: &'static str, help: impl Into<String>) -> WrongName {
    WrongName {
        cause,
        help: help.into(),
    }
}

/// `table`, `schema.table` or `schema.*`; each part plain and in lower case, or
/// in double quotes.
fn parse(given: &str) -> Result<Name, WrongName> {
    let mut parts = Vec::new();
    let mut rest = given;
    loop {
        let (part, behind) = part(rest, given)?;
        parts.push(part);
        match behind.strip_prefix('.') {
            Some(behind) => rest = behind,
            None if behind.is_empty() => break,
            None if behind.starts_with('*') => {
                return Err(wrong(
                    "`*` is no part of a name",
                    "list the names that are meant",
                ));
            }
            None => return Err(wrong("it has a sign in it", quote(given))),
        }
    }
    let last = parts.pop().unwrap_or_default();
    let schema = match (parts.pop(), parts.is_empty()) {
        (None, _) if last.is_none() => {
            return Err(wrong("`*` stands for nothing by itself", "list the names"));
        }
        (None, _) => String::new(),
        (Some(Some(schema)), true) => schema,
        (Some(None), true) => return Err(wrong("`*` stands for no schema", "list the names")),
        (Some(_), false) => {
            return Err(wrong("it has more than two parts", "write schema.name"));
        }
    };
    Ok(Name { schema, last })
}

/// The first part of `rest`, and what follows it; `None`: it is `*`.
fn part<'a>(rest: &'a str, given: &str) -> Result<(Option<String>, &'a str), WrongName> {
    if let Some(behind) = rest.strip_prefix('*') {
        return Ok((None, behind));
    }
    let (name, behind) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = rest.find(|c: char| !is_plain(c)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            if name.contains(|c: char| c.is_ascii_uppercase()) {
                let help = format!(
                    "names without quotes are in lower case: write {}; a name that was made with quotes: {}",
                    name.to_lowercase(),
                    in_quotes(given)
                );
                return Err(wrong("it has capital letters", help));
            }
            if name.starts_with(|c: char| c.is_ascii_digit() || c == '$') {
                return Err(wrong("it begins with a digit", quote(given)));
            }
            (name.to_owned(), behind)
        }
    };
    match name.len() {
        0 if behind.is_empty() || behind.starts_with('.') => {
            Err(wrong("a part of it is empty", "write name or schema.name"))
        }
        0 => Err(wrong("it has a sign in it", quote(given))),
        1..=PART_BYTES => Ok((Some(name), behind)),
        _ => {
            let help = format!("the server cuts names to {PART_BYTES} bytes; write what it keeps");
            Err(wrong("a part of it is too long", help))
        }
    }
}

/// A letter of a name without quotes.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The text up to the closing quote, and what follows that.
fn unquote(quoted: &str) -> Result<(String, &str), WrongName> {
    let mut name = String::new();
    let mut rest = quoted;
    while let Some((before, behind)) = rest.split_once('"') {
        name.push_str(before);
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None => return Ok((name, behind)),
        }
    }
    Err(wrong("a quote is not closed", "write '\"Name\"'"))
}

/// The advice to write a name in quotes.
fn quote(given: &str) -> String {
    format!("write it in quotes: {}", in_quotes(given))
}

/// How to write a name in quotes, in YAML.
fn in_quotes(given: &str) -> String {
    let plain = given.replace(['"', '\''], "");
    let parts: Vec<String> = plain.split('.').map(|part| format!("\"{part}\"")).collect();
    format!("'{}'", parts.join("."))
}

impl Name {
    /// The keys of a table in a list.
    pub(crate) fn table_keys(&self, except: bool) -> Vec<u64> {
        let keys = [
            Key::TableBare,
            Key::TableAny,
            Key::TableExact,
            Key::TableSchema,
        ];
        self.keys(keys, except, &["public"])
    }

    /// The keys of a function in a list.
    pub(crate) fn function_keys(&self, except: bool) -> Vec<u64> {
        let keys = [Key::CallBare, Key::CallAny, Key::CallExact, Key::CallSchema];
        let mut keys = self.keys(keys, except, &["public", "pg_catalog"]);
        if let Some(low) = self.safe().filter(|_| !except) {
            keys.push(Key::CallSafe.of(u64::from(low), 0));
        }
        keys
    }

    /// The low half of the hash of a function that is known to be safe.
    pub(crate) fn safe(&self) -> Option<u32> {
        let last = self
            .last
            .as_deref()
            .filter(|last| dialect::is_safe_function(last));
        let builtin = matches!(self.schema.as_str(), "" | "pg_catalog");
        last.filter(|_| builtin)
            .map(|last| name_hash(b"", last.as_bytes())[0] as u32)
    }

    /// A listed name is what the statement may mean: without a schema on either
    /// side, any. One that is excepted is what the statement says: without a
    /// schema in the policy, none or one of the `usual` ones.
    fn keys(&self, [bare, any, exact, whole]: [Key; 4], except: bool, usual: &[&str]) -> Vec<u64> {
        let schema = self.schema.as_bytes();
        let Some(last) = &self.last else {
            let [schema, _] = name_hash(b"", schema);
            return vec![whole.of(0, schema)];
        };
        let [name, schema] = name_hash(schema, last.as_bytes());
        match (except, schema) {
            (false, 0) => vec![bare.of(name, 0), any.of(name, 0)],
            // An application's table `user` is not the server's.
            (false, schema) if SYSTEM_SCHEMAS.contains(&self.schema.as_str()) => {
                vec![exact.of(name, schema)]
            }
            (false, schema) => vec![bare.of(name, 0), exact.of(name, schema)],
            (true, 0) => {
                let usual = usual
                    .iter()
                    .map(|schema| name_hash(b"", schema.as_bytes())[0]);
                let exact = usual.map(|schema| exact.of(name, schema));
                exact.chain([bare.of(name, 0)]).collect()
            }
            (true, schema) => vec![exact.of(name, schema)],
        }
    }
}
