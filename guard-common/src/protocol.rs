//! The database protocols that are read, and what each of them has.

use crate::class::Class;

/// A database protocol. The number is what kernel and agent share
/// ([`crate::abi::policy::Policy::protocols`], [`crate::stream::Stream::protocol`]).
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// PostgreSQL, protocol 3.0.
    #[default]
    Postgres = 0,
    /// MySQL and MariaDB.
    Mysql = 1,
    /// Redis and Valkey.
    Redis = 2,
}

impl Protocol {
    /// All protocols in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Mysql, Self::Redis];

    /// The protocol with this number; an unknown one is PostgreSQL, whose
    /// framing calls what it cannot read opaque.
    #[inline(always)]
    #[must_use]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            1 => Self::Mysql,
            2 => Self::Redis,
            _ => Self::Postgres,
        }
    }

    /// The word used in policy files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Redis => "Redis",
        }
    }

    /// The dialect of its statements; Redis has none.
    #[inline(always)]
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Mysql => Dialect::Mysql,
            Self::Postgres | Self::Redis => Dialect::Postgresql,
        }
    }

    /// The classes that its statements can have, as bits.
    #[must_use]
    pub const fn classes(self) -> u64 {
        let all = (1 << Class::ALL.len()) - 1;
        match self {
            Self::Postgres => all,
            Self::Mysql => {
                all & !(Class::Merge.bit() | Class::CopyProgram.bit() | Class::Fastpath.bit())
            }
            Self::Redis => {
                all & !(Class::Merge.bit()
                    | Class::AlterDrop.bit()
                    | Class::CopyIn.bit()
                    | Class::CopyOut.bit()
                    | Class::CopyProgram.bit()
                    | Class::IntoFile.bit()
                    | Class::Call.bit()
                    | Class::Fastpath.bit())
            }
        }
    }
}

/// A statement dialect: an entry of the array map `guard_lexer`, by its number.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL's SQL.
    Postgresql = 0,
    /// The SQL of MySQL and MariaDB.
    Mysql = 1,
}

impl Dialect {
    /// All dialects in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Postgresql, Self::Mysql];

    /// The name of its tables' file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn numbers_come_back_and_unknown_ones_are_read_as_postgres() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::from_raw(protocol as u8), protocol);
        }
        assert_eq!(Protocol::from_raw(77), Protocol::Postgres);
    }
}
