//! The values of a manifest's keys, and what is expected where one of them can't be read.

use super::super::{Colour, Role};
use crate::config::Value;
use crate::units::Digest;
use toml::Spanned;
use toml::de::DeValue;

/// A role by its word.
pub(super) struct RoleWord(pub Role);
/// A sha256 in hexadecimal digits.
pub(super) struct DigestText(pub Digest);
/// Sizes of a net's input: pictures, planes, height, width.
pub(super) struct Shape(pub [usize; 4]);
/// A number for each plane.
pub(super) struct Triple(pub [f32; 3]);

impl Value for RoleWord {
    fn expected() -> String {
        "one of \"detector\", \"encoder\", \"liveness\"".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let word = value.as_str()?;
        [Role::Detector, Role::Encoder, Role::Liveness].into_iter().find(|r| r.word() == word).map(RoleWord)
    }
    fn to_toml(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl Value for Colour {
    fn expected() -> String {
        "\"RGB\" or \"BGR\"".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "RGB" => Some(Colour::Rgb),
            "BGR" => Some(Colour::Bgr),
            _ => None,
        }
    }
    fn to_toml(&self) -> String {
        if *self == Colour::Rgb { "\"RGB\"".into() } else { "\"BGR\"".into() }
    }
}

impl Value for DigestText {
    fn expected() -> String {
        "64 hexadecimal digits in quotes".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().and_then(Digest::from_hex).map(DigestText)
    }
    fn to_toml(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl Value for Shape {
    fn expected() -> String {
        "four whole numbers [1, 3, height, width]".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let numbers: Vec<usize> = list::<u32>(value)?.into_iter().map(|n| n as usize).collect();
        numbers.try_into().ok().map(Shape)
    }
    fn to_toml(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl Value for Triple {
    fn expected() -> String {
        "three numbers, one a plane".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        list::<f32>(value)?.try_into().ok().map(Triple)
    }
    fn to_toml(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl Value for Vec<String> {
    fn expected() -> String {
        "a list of texts in quotes".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        list(value)
    }
    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
}

impl Value for Vec<f32> {
    fn expected() -> String {
        "a list of numbers".into()
    }
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        list(value)
    }
    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
}

/// None when it is no list, is empty, or one of it is of another kind.
fn list<V: Value>(value: &DeValue<'_>) -> Option<Vec<V>> {
    let items = value.as_array()?;
    let all: Option<Vec<V>> = items.iter().map(|item: &Spanned<DeValue<'_>>| V::from_toml(item.get_ref())).collect();
    all.filter(|all| !all.is_empty())
}
