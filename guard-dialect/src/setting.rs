//! `SET` and `set_config`: settings that decide how statements are read.

use super::automaton::Step;
use super::context::{Context, broken};
use super::statement::Statement;
use super::token::Tok;
use guard_common::class::{Class, Opaque};
use guard_common::facts::MOVED;

/// A setting that decides how statements are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Setting {
    Encoding,
    Strings,
    /// Triggers.
    Other,
    /// Row security. Where it applies, `off` makes the server refuse: it is for dumps.
    Rows,
    /// Who one is.
    Role,
    /// Which schemas a name without one is looked for in.
    Path,
    /// No such setting.
    Harmless,
}

impl Setting {
    /// Is the value `token` harmless?
    fn allows(self, token: Tok) -> bool {
        match self {
            Self::Harmless => true,
            _ if token == Tok::Default => true,
            Self::Encoding => matches!(token, Tok::StrSafeValue | Tok::SafeValue),
            Self::Role => matches!(token, Tok::Nobody | Tok::StrNobody),
            Self::Path => matches!(token, Tok::StrUsualPath | Tok::Wild),
            Self::Strings | Self::Other | Self::Rows => matches!(
                token,
                Tok::StrOn | Tok::On | Tok::True | Tok::Local | Tok::SafeValue
            ),
        }
    }

    /// Marks what reading this setting wrongly would lead to.
    fn mark(self, step: Step) -> Step {
        match self {
            Self::Encoding => step.opaque_after(Opaque::Encoding),
            Self::Strings => step.opaque_after(Opaque::Strings),
            Self::Other => step.opaque(Opaque::Setting).opaque_after(Opaque::Setting),
            Self::Rows => step.hit(Class::Admin),
            Self::Role => step.hit(Class::Grant),
            Self::Path => step.session(MOVED),
            Self::Harmless => step,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ConfigPart {
    Name,
    /// The name has been read: what values are harmless.
    Comma(Setting),
    Value(Setting),
    After(Setting),
    /// The name is not known; behind the comma; behind a value that fits none
    /// of the settings that matter.
    Unknown,
    UnknownValue,
    UnknownAfter,
    Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SetPart {
    Name,
    /// The name has been read.
    To(Setting),
    Value(Setting),
    /// Behind ROLE or SESSION AUTHORIZATION.
    Role,
    /// In the list of a search path.
    SearchPath,
}

/// The arguments of `set_config(name, value, is_local)`.
pub(crate) fn set_config(part: ConfigPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::SetConfig(part));
    let all = |step: Step| {
        step.hit(Class::Function)
            .opaque_after(Opaque::Setting)
            .opaque_after(Opaque::Strings)
            .opaque_after(Opaque::Encoding)
    };
    let dangerous = |setting: Setting, step: Step| match setting {
        Setting::Path => setting.mark(step),
        _ => setting.mark(step).hit(Class::Function),
    };
    match (part, token) {
        (ConfigPart::Rest | ConfigPart::Unknown, Tok::Open) => {
            to(part).push(Statement::Skip(false))
        }
        (ConfigPart::Rest | ConfigPart::Comma(Setting::Harmless), Tok::Close) => {
            Step::pop(Tok::BackBad)
        }
        (_, Tok::Semi | Tok::End | Tok::Cut) => broken(token),
        (ConfigPart::Rest, _) => to(part),
        (ConfigPart::Name, Tok::StrEncodingName) => to(ConfigPart::Comma(Setting::Encoding)),
        (ConfigPart::Name, Tok::StrStringsName) => to(ConfigPart::Comma(Setting::Strings)),
        (ConfigPart::Name, Tok::StrSettingName) => to(ConfigPart::Comma(Setting::Other)),
        (ConfigPart::Name, Tok::StrPathName) => to(ConfigPart::Comma(Setting::Path)),
        (ConfigPart::Name, Tok::StrRoleName) => to(ConfigPart::Comma(Setting::Role)),
        (ConfigPart::Name, Tok::StrOdd) => all(to(ConfigPart::Rest)),
        (ConfigPart::Name, _) if token.is_string() => to(ConfigPart::Comma(Setting::Harmless)),
        (ConfigPart::Name, Tok::Open) => all(to(ConfigPart::Rest).push(Statement::Skip(false))),
        (ConfigPart::Name | ConfigPart::Unknown | ConfigPart::UnknownValue, Tok::Close) => {
            all(Step::pop(Tok::BackBad))
        }
        (ConfigPart::Name, _) => to(ConfigPart::Unknown),
        (ConfigPart::Unknown, Tok::Comma) => to(ConfigPart::UnknownValue),
        (ConfigPart::Unknown, _) => to(part),
        (ConfigPart::UnknownValue, Tok::StrHarmless) => to(ConfigPart::UnknownAfter).session(MOVED),
        (ConfigPart::UnknownValue, Tok::Open) => {
            all(to(ConfigPart::Rest).push(Statement::Skip(false)))
        }
        (ConfigPart::UnknownValue, _) => all(to(ConfigPart::Rest)),
        (ConfigPart::UnknownAfter, Tok::Comma) => to(ConfigPart::Rest),
        (ConfigPart::UnknownAfter, _) => all(to(ConfigPart::Rest)).again(),
        (ConfigPart::Comma(Setting::Harmless), Tok::Comma) => to(ConfigPart::Rest),
        (ConfigPart::Comma(setting), Tok::Comma) => to(ConfigPart::Value(setting)),
        // The name is an expression that begins with a literal, or has a type.
        (ConfigPart::Comma(_), Tok::Open) => all(to(ConfigPart::Rest).push(Statement::Skip(false))),
        (ConfigPart::Comma(_), _) => all(to(ConfigPart::Rest)),
        (ConfigPart::Value(setting), _) if setting.allows(token) => to(ConfigPart::After(setting)),
        (ConfigPart::Value(setting), Tok::Open) => {
            dangerous(setting, to(ConfigPart::Rest).push(Statement::Skip(false)))
        }
        (ConfigPart::Value(setting), _) => dangerous(setting, to(ConfigPart::Rest)),
        (ConfigPart::After(_), Tok::Comma) => to(ConfigPart::Rest),
        (ConfigPart::After(setting), _) => dangerous(setting, to(ConfigPart::Rest)).again(),
    }
}

pub(crate) fn set(context: Context, part: SetPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::Set(context, part));
    let rest = || Step::to(Statement::Rest(context));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (SetPart::Name, Tok::Local | Tok::Session) => to(part),
        (SetPart::Name, Tok::Authorization | Tok::Role | Tok::QuotedRoleName) => to(SetPart::Role),
        // `SET user.name = …`.
        (SetPart::Role, Tok::Dot) => rest(),
        (SetPart::Role, Tok::To | Tok::Eq) => to(part),
        (SetPart::Role, _) => to(SetPart::Value(Setting::Role)).again(),
        (SetPart::Name, Tok::Transaction | Tok::Characteristics) => rest().hit(Class::Transaction),
        (SetPart::Name, Tok::EncodingName | Tok::QuotedEncodingName) => {
            to(SetPart::To(Setting::Encoding))
        }
        (SetPart::Name, Tok::Names) => to(SetPart::Value(Setting::Encoding)),
        (SetPart::Name, Tok::StringsName | Tok::QuotedStringsName) => {
            to(SetPart::To(Setting::Strings))
        }
        (SetPart::Name, Tok::SettingName | Tok::QuotedSettingName) => {
            to(SetPart::To(Setting::Other))
        }
        (SetPart::Name, Tok::Modifier) => to(SetPart::To(Setting::Rows)),
        (SetPart::Name, Tok::SearchPath | Tok::Schema) => to(SetPart::SearchPath),
        (SetPart::Name, Tok::Unicode) => rest()
            .opaque(Opaque::Name)
            .opaque_after(Opaque::Setting)
            .opaque_after(Opaque::Strings)
            .opaque_after(Opaque::Encoding),
        (SetPart::Name, _) => rest(),
        (SetPart::To(_), Tok::Dot) => rest(),
        (SetPart::To(setting), _) => to(SetPart::Value(setting)),
        (SetPart::Value(setting), _) if setting.allows(token) => rest(),
        (SetPart::Value(setting), _) => setting.mark(rest()),
        (
            SetPart::SearchPath,
            Tok::To
            | Tok::Eq
            | Tok::Comma
            | Tok::Default
            | Tok::Wild
            | Tok::UsualPath
            | Tok::StrUsualPath,
        ) => to(part),
        // `SET search_path.a = …` is another setting.
        (SetPart::SearchPath, Tok::Dot) => rest(),
        (SetPart::SearchPath, _) => Setting::Path.mark(rest()),
    }
}
