//! `cargo xtask bench engine`: what the statement engine costs, in the kernel
//! and on the host, in the same run.
//!
//! A figure is the least of many samples, each the mean of a short loop: what
//! disturbs the machine only adds. Kernel and host take turns, and each is
//! measured twice, so that the second column is a control of the first.

use anyhow::{Result, bail};
use guard_common::engine::{Tables, action};
use guard_common::limits::CHUNK_BYTES;
use guard_tests::engine::Engine;
use guard_tests::selftest::{self, Kernel};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Length of a sample: short, so that one that is preempted is not the least.
const SAMPLE: Duration = Duration::from_micros(100);

/// A text with its name.
struct Text {
    name: &'static str,
    sql: String,
}

/// Nanoseconds of one reading, the least of all samples.
struct Cost {
    kernel: [f64; 2],
    host: [f64; 2],
}

/// Measures and prints a table in Markdown.
pub(super) fn run(samples: usize) -> Result<()> {
    let object = match selftest::build() {
        Ok(object) => object,
        Err(missing) => bail!("the BPF object cannot be built: {missing}"),
    };
    let mut engine = Engine::new();
    let mut kernel = Kernel::load(&object, &engine.tables);
    for (program, count) in kernel.verified() {
        println!("`{program}`: {count} instructions verified");
    }
    let nothing = least(samples, || kernel.time_nothing(1000));
    println!("an empty program: {nothing:.0} ns a run, included below\n");
    println!(
        "| text | bytes | kernel, ns | again | host, ns | again | kernel, ns a byte | kernel / host |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for text in texts() {
        let cost = statement(&mut engine, &mut kernel, &text.sql, samples);
        print!("{}", line(text.name, text.sql.len(), &cost));
    }
    for text in texts().iter().filter(|text| text.sql.len() < 1000) {
        let (first, second) = message(&mut kernel, &text.sql, samples);
        let name = text.name;
        let bytes = text.sql.len() + 6;
        println!("| {name}, as `Q` with framing | {bytes} | {first:.0} | {second:.0} | | | | |");
    }
    let mut others = vec![0u64; OTHERS / size_of::<u64>()];
    for text in texts().iter().filter(|text| text.sql.len() < 1000) {
        let (first, second) = cold(&mut kernel, &text.sql, samples, &mut others);
        let (name, bytes) = (text.name, text.sql.len());
        println!("| {name}, caches cold | {bytes} | {first:.0} | {second:.0} | | | | |");
    }
    let without = without_names(&engine.tables);
    let mut bare = Engine::with(without);
    kernel.speak(&bare.tables);
    for text in texts() {
        let cost = statement(&mut bare, &mut kernel, &text.sql, samples);
        let name = format!("{}, names not taken", text.name);
        print!("{}", line(&name, text.sql.len(), &cost));
    }
    Ok(())
}

/// The tables without any action that takes a name.
fn without_names(tables: &Tables) -> Box<Tables> {
    let mut bare = Box::new(*tables);
    for found in &mut bare.actions {
        found.flags &= !(action::NAME | action::KEEP | action::TABLE);
    }
    bare
}

fn line(name: &str, bytes: usize, cost: &Cost) -> String {
    let [kernel, again] = cost.kernel;
    let [host, host_again] = cost.host;
    let mut line = String::new();
    _ = writeln!(
        line,
        "| {name} | {bytes} | {kernel:.0} | {again:.0} | {host:.0} | {host_again:.0} | {:.2} | {:.2} |",
        kernel / bytes as f64,
        kernel / host
    );
    line
}

/// The least of `samples` samples, in nanoseconds.
fn least(samples: usize, mut sample: impl FnMut() -> Duration) -> f64 {
    (0..samples)
        .map(|_| sample().as_nanos() as f64)
        .fold(f64::INFINITY, f64::min)
}

fn statement(engine: &mut Engine, kernel: &mut Kernel, sql: &str, samples: usize) -> Cost {
    let mut chunks = Vec::new();
    for piece in sql.as_bytes().chunks(CHUNK_BYTES) {
        let mut chunk = [0; CHUNK_BYTES];
        chunk[..piece.len()].copy_from_slice(piece);
        chunks.push(chunk);
    }
    let to = (sql.len() - 1) as u32 % CHUNK_BYTES as u32 + 1;
    kernel.write(&chunks);
    let once = kernel.time(chunks.len(), to, 10);
    let repeat = (SAMPLE.as_nanos() / once.as_nanos().max(1)).clamp(1, 2000) as u32;
    let mut cost = Cost {
        kernel: [f64::INFINITY; 2],
        host: [f64::INFINITY; 2],
    };
    for _ in 0..samples {
        for turn in 0..2 {
            let time = kernel.time(chunks.len(), to, repeat).as_nanos() as f64;
            cost.kernel[turn] = cost.kernel[turn].min(time);
            let start = Instant::now();
            for _ in 0..repeat {
                engine.read(std::hint::black_box(&chunks), to);
            }
            let time = start.elapsed().as_nanos() as f64 / f64::from(repeat);
            cost.host[turn] = cost.host[turn].min(time);
        }
    }
    cost
}

/// A statement as a simple query.
fn message(kernel: &mut Kernel, sql: &str, samples: usize) -> (f64, f64) {
    let mut message = vec![b'Q'];
    message.extend((sql.len() as u32 + 5).to_be_bytes());
    message.extend(sql.as_bytes());
    message.push(0);
    let mut chunk = [0; CHUNK_BYTES];
    chunk[..message.len()].copy_from_slice(&message);
    kernel.write(&[chunk]);
    let mut time = || least(samples, || kernel.time_message(message.len() as u32, 200));
    (time(), time())
}

/// Bytes that are touched between two readings with cold caches: more than the
/// processor's second cache holds, on more pages than it remembers.
const OTHERS: usize = 12 << 20;

/// A statement that is read once after other memory was used: medians.
fn cold(kernel: &mut Kernel, sql: &str, samples: usize, others: &mut [u64]) -> (f64, f64) {
    let mut chunk = [0; CHUNK_BYTES];
    chunk[..sql.len()].copy_from_slice(sql.as_bytes());
    kernel.write(&[chunk]);
    let mut time = || {
        let mut times: Vec<u128> = (0..samples)
            .map(|_| {
                for word in std::hint::black_box(&mut *others).iter_mut().step_by(8) {
                    *word += 1;
                }
                kernel.time(1, sql.len() as u32, 1).as_nanos()
            })
            .collect();
        times.sort_unstable();
        times[samples / 2] as f64
    };
    (time(), time())
}

fn texts() -> Vec<Text> {
    vec![
        Text {
            name: "40 B",
            sql: "SELECT name FROM users WHERE id = 1234567".to_owned(),
        },
        Text {
            name: "200 B, join",
            sql: "SELECT o.id, o.total, c.name, c.email FROM orders o JOIN customers c \
                  ON c.id = o.customer_id WHERE o.created_at > '2024-01-01' AND \
                  o.status = 'open' ORDER BY o.created_at DESC LIMIT 50"
                .to_owned(),
        },
        Text {
            name: "4 KiB, ORM",
            sql: orm(4096),
        },
        Text {
            name: "4 KiB, plain words",
            sql: plain(4096),
        },
        Text {
            name: "4 KiB, WHERE … IN",
            sql: list(4096),
        },
        Text {
            name: "4 KiB, INSERT of parameters",
            sql: parameters(4096),
        },
        Text {
            name: "64 KiB, INSERT of short strings",
            sql: rows(65_536, |row| {
                format!(
                    "({row}, 'name{row}', 'user{row}@example.com', {}, NULL)",
                    row * 7 % 1000
                )
            }),
        },
        Text {
            name: "64 KiB, INSERT of JSON",
            sql: rows(65_536, |row| {
                let field = format!("\"field{row}\": \"some text, and more of it\", ");
                format!("({row}, '{{{}\"end\": {row}}}')", field.repeat(11))
            }),
        },
    ]
}

/// `begin`, then items with commas between them up to `length` bytes, then `end`.
fn grow(begin: &str, end: &str, length: usize, item: impl Fn(usize) -> String) -> String {
    let mut text = format!("{begin}{}", item(0));
    for number in 1.. {
        let next = item(number);
        if text.len() + 2 + next.len() + end.len() > length {
            break;
        }
        text.push_str(", ");
        text.push_str(&next);
    }
    text + end
}

fn orm(length: usize) -> String {
    let tables = ["auth_user", "shop_order", "shop_customer"];
    let end = "FROM \"auth_user\" INNER JOIN \"shop_order\" ON (\"auth_user\".\"id\" = \
               \"shop_order\".\"user_id\") WHERE (\"auth_user\".\"is_active\" AND \
               \"shop_order\".\"state\" = 'open') ORDER BY \"shop_order\".\"created_at\" DESC LIMIT 21";
    let end = format!(" {end}");
    grow("SELECT ", &end, length, |number| {
        format!("\"{}\".\"column_{number}\"", tables[number % tables.len()])
    })
}

fn plain(length: usize) -> String {
    let words = [
        "amount",
        "created_at",
        "customer_id",
        "total_price",
        "note",
        "lastname",
    ];
    grow("SELECT ", " FROM orders WHERE id = 5", length, |number| {
        format!("{} AS alias{number}", words[number % words.len()])
    })
}

fn list(length: usize) -> String {
    grow(
        "SELECT * FROM orders WHERE id IN (",
        ")",
        length,
        |number| format!("{}", 1000 + number * 37),
    )
}

fn parameters(length: usize) -> String {
    grow("INSERT INTO t (a, b, c) VALUES ", "", length, |row| {
        format!("(${}, ${}, ${})", row * 3 + 1, row * 3 + 2, row * 3 + 3)
    })
}

fn rows(length: usize, row: impl Fn(usize) -> String) -> String {
    grow(
        "INSERT INTO orders (id, name, mail, amount, note) VALUES ",
        "",
        length,
        row,
    )
}
