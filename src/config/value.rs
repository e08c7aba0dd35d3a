//! What a key can hold: how it is read from TOML, how it is written, what it is called in an error.

use crate::units::FalseEntries;
use std::path::PathBuf;
use toml::de::DeValue;

/// A value of a key.
pub trait Value: Sized {
    /// What is expected, for an error: "a whole number", `one of "a", "b"`.
    fn expected() -> String;
    /// None when the value isn't of this kind.
    fn from_toml(value: &DeValue<'_>) -> Option<Self>;
    /// As TOML.
    fn to_toml(&self) -> String;
    /// As a number, where a range can be held against it.
    fn number(&self) -> Option<f64> {
        None
    }
}

macro_rules! whole_number {
    ($($t:ty),*) => {$(
        impl Value for $t {
            fn expected() -> String { "a whole number".into() }
            fn from_toml(value: &DeValue<'_>) -> Option<Self> {
                let i = value.as_integer()?;
                <$t>::from_str_radix(i.as_str(), i.radix()).ok()
            }
            fn to_toml(&self) -> String { self.to_string() }
            fn number(&self) -> Option<f64> { Some(*self as f64) }
        }
    )*};
}
whole_number!(u32, u64);

impl Value for f32 {
    fn expected() -> String {
        "a number".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_float().map(|f| f.as_str()).or_else(|| value.as_integer().map(|i| i.as_str()))?;
        text.parse::<f32>().ok().filter(|f| f.is_finite())
    }
    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
    fn number(&self) -> Option<f64> {
        Some(f64::from(*self))
    }
}

impl Value for bool {
    fn expected() -> String {
        "true or false".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn expected() -> String {
        "a text in quotes".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn to_toml(&self) -> String {
        toml::Value::String(self.clone()).to_string()
    }
}

impl Value for PathBuf {
    fn expected() -> String {
        "a path in quotes".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(PathBuf::from)
    }
    fn to_toml(&self) -> String {
        toml::Value::String(self.to_string_lossy().into_owned()).to_string()
    }
}

impl Value for FalseEntries {
    fn expected() -> String {
        format!("\"1 in N visits\" with N from {} to {}", FalseEntries::LEAST, FalseEntries::MOST)
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
    fn to_toml(&self) -> String {
        format!("\"{self}\"")
    }
}

/// `"auto"` stands for None: the program chooses.
impl<V: Value> Value for Option<V> {
    fn expected() -> String {
        format!("\"auto\" or {}", V::expected())
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str() {
            Some("auto") => Some(None),
            _ => V::from_toml(value).map(Some),
        }
    }
    fn to_toml(&self) -> String {
        self.as_ref().map_or("\"auto\"".into(), V::to_toml)
    }
    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(V::number)
    }
}

/// An enum whose variants are words in the file.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them, in the order of an error's list.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The word that stands for it in the file.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl $crate::config::value::Value for $name {
            fn expected() -> String {
                format!("one of {}", [$($word),+].map(|w| format!("\"{w}\"")).join(", "))
            }
            fn from_toml(value: &toml::de::DeValue<'_>) -> Option<Self> {
                match value.as_str()? { $($word => Some($name::$variant),)+ _ => None }
            }
            fn to_toml(&self) -> String {
                format!("\"{}\"", self.word())
            }
        }
    };
}
pub(super) use choice;
