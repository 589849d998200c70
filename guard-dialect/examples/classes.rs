//! Writes `docs/classes.md`: what the code's own tables say of classes, opaque
//! reasons and functions. `cargo xtask generate` runs it.
//!
//! Verbs and examples come from the cases of the engine's tests: the engine reads
//! each of them, so the page cannot say what the engine does not.

use guard_common::class::{Class, Opaque, Where};
use guard_common::engine::{self, Scan, Tables, VERB_NAMES};
use guard_common::facts::{Access, COMMANDS, Facts};
use guard_common::limits::CHUNK_BYTES;
use guard_common::repeat::Host;
use guard_dialect::{
    Dialect, compile, function_lists, redis, safe_functions, safe_mysql_functions,
};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use zerocopy::FromZeros;

/// Dialects with their cases.
const DIALECTS: &[(&str, Dialect, &str)] = &[
    (
        "PostgreSQL",
        Dialect::Postgresql,
        include_str!("../../tests/cases/engine.jsonl"),
    ),
    (
        "MySQL and MariaDB",
        Dialect::Mysql,
        include_str!("../../tests/cases/mysql.jsonl"),
    ),
];

/// Longest statement that is shown, in bytes.
const SHOWN: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let page = page()?;
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(())
}

fn page() -> Result<String, Box<dyn Error>> {
    let mut page = String::from(
        "# Classes, reasons and functions\n\n\
         Generated from the code by `cargo xtask generate`. [policy.md](policy.md) says what the\n\
         words mean in a rule.\n",
    );
    for (title, dialect, cases) in DIALECTS {
        write!(
            page,
            "\n## Classes: {title}\n\nStrictest first: `class` of a record is the first that a message has.\n\n"
        )?;
        classes(&mut page, *dialect, cases)?;
    }
    commands(&mut page)?;
    page.push_str("\n## WHERE\n\nOf ");
    let with_where = Class::ALL
        .into_iter()
        .filter(|class| class.where_bit(Where::None) != 0);
    let names: Vec<String> = with_where.map(|class| code(class.name())).collect();
    let values = Where::ALL.map(|condition| code(condition.name()));
    writeln!(
        page,
        "{}: {}, weakest limit first.",
        names.join(", "),
        values.join(", ")
    )?;
    let access = Access::ALL.map(|access| code(access.name()));
    writeln!(page, "\n## Access to a table\n\n{}.", access.join(", "))?;
    page.push_str("\n## Opaque reasons\n\n| reason | what it means |\n| --- | --- |\n");
    for reason in Opaque::ALL {
        writeln!(page, "| {} | {} |", code(reason.name()), reason.help())?;
    }
    page.push_str(
        "\n## Lists of functions\n\nFor `functions: { lists: [ … ] }` in a rule.\n\n\
         | list | reaches | functions |\n| --- | --- | --- |\n",
    );
    for list in function_lists() {
        let functions: Vec<String> = list.functions.iter().map(|name| code(name)).collect();
        let about = list.about.trim_end_matches('.').to_lowercase();
        writeln!(
            page,
            "| {} | {about} | {} |",
            code(list.name),
            functions.join(" ")
        )?;
    }
    page.push_str(
        "\n## Safe functions\n\nA call of any other name of PostgreSQL gives the class `function`; a name with a schema\n\
         other than `pg_catalog` is never one of these.\n\n",
    );
    let safe: Vec<String> = safe_functions().map(code).collect();
    writeln!(page, "{}", safe.join(" "))?;
    let safe: BTreeSet<&str> = safe_mysql_functions().collect();
    let safe: Vec<String> = safe.into_iter().map(code).collect();
    writeln!(
        page,
        "\nOf MySQL and MariaDB these, without a schema:\n\n{}",
        safe.join(" ")
    )?;
    Ok(page)
}

fn code(word: &str) -> String {
    format!("`{word}`")
}

/// The commands of Redis, by the strictest class that each may have.
fn commands(page: &mut String) -> Result<(), Box<dyn Error>> {
    let table = redis::commands()?;
    let mut known: BTreeMap<Class, BTreeSet<&str>> = BTreeMap::new();
    for command in table.slots.iter().filter(|slot| slot.key != 0) {
        let classes = Class::BY_STRICTNESS.into_iter();
        let name = redis::name(COMMANDS + command.number);
        let strictest = classes
            .into_iter()
            .find(|class| command.hits & class.bit() != 0);
        if let (Some(class), Some(name)) = (strictest, name) {
            known.entry(class).or_default().insert(name);
        }
    }
    page.push_str(
        "\n## Classes: Redis and Valkey\n\nA command is listed at the strictest class that it has whatever its arguments; options add\n\
         others (`SORT … STORE` writes, a time that has passed deletes).\n\n\
         | class | commands |\n| --- | --- |\n",
    );
    for class in Class::BY_STRICTNESS {
        if let Some(names) = known.remove(&class) {
            let names: Vec<String> = names.into_iter().map(code).collect();
            writeln!(page, "| {} | {} |", code(class.name()), names.join(" "))?;
        }
    }
    Ok(())
}

/// What is known of a class from the cases.
#[derive(Default)]
struct Known<'a> {
    verbs: BTreeSet<&'static str>,
    example: Option<&'a str>,
}

fn classes(page: &mut String, dialect: Dialect, cases: &str) -> Result<(), Box<dyn Error>> {
    let (tables, _) = compile(dialect)?;
    let rows: Vec<serde_json::Value> = cases
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let statements = rows.iter().filter_map(|row| row.get("sql")?.as_str());
    let mut known: BTreeMap<Class, Known<'_>> = BTreeMap::new();
    for sql in statements.filter(|sql| sql.len() < CHUNK_BYTES) {
        let facts = facts(&tables, sql);
        let present = Class::ALL
            .into_iter()
            .filter(|class| facts.hits & class.bit() != 0);
        for class in present {
            let entry = known.entry(class).or_default();
            if facts.statements == 1 && facts.verb_count == 1 && facts.class() == class {
                let verb = VERB_NAMES.get(usize::from(facts.verbs[0]));
                entry
                    .verbs
                    .extend(verb.copied().filter(|verb| !verb.is_empty()));
            }
            let plain =
                sql.len() <= SHOWN && sql.bytes().all(|byte| (b' '..b'\x7f').contains(&byte));
            let better = entry
                .example
                .is_none_or(|example| sql.len() < example.len());
            if plain && better && facts.class() == class && !sql.contains(['|', '`']) {
                entry.example = Some(sql);
            }
        }
    }
    page.push_str("| class | statements | example |\n| --- | --- | --- |\n");
    for class in Class::BY_STRICTNESS {
        let entry = known.remove(&class).unwrap_or_default();
        let verbs: Vec<&str> = entry.verbs.into_iter().collect();
        let example = entry.example.map(code).unwrap_or_default();
        writeln!(
            page,
            "| {} | {} | {example} |",
            code(class.name()),
            verbs.join(", ")
        )?;
    }
    Ok(())
}

/// The facts of one statement.
fn facts(tables: &Tables, sql: &str) -> Facts {
    let mut scan = Scan::new_zeroed();
    let mut chunk = [0; CHUNK_BYTES];
    for (to, from) in chunk.iter_mut().zip(sql.bytes()) {
        *to = from;
    }
    engine::begin(tables, &mut scan);
    engine::feed::<Host>(tables, &mut scan, &chunk, 0, sql.len() as u32);
    engine::end::<Host>(tables, &mut scan);
    scan.facts
}
