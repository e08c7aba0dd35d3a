//! One event, and how it lies in the table.

use super::Code;
use crate::units::{Digest, Moment, PersonId, Similarity, Tau};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, types::Type};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The longest reason that is kept, in characters; a longer one is cut.
const MOST_REASON: usize = 1000;

/// What happened. A number that isn't finite is recorded as none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    #[serde(rename = "event")]
    pub code: Code,
    /// Wall time, in microseconds.
    #[serde(serialize_with = "text")]
    pub at: Timestamp,
    /// Monotonic time since the process began; whole milliseconds.
    #[serde(rename = "at_ms", serialize_with = "milliseconds")]
    pub moment: Option<Moment>,
    /// Which visit since the process began.
    pub visit: Option<u64>,
    /// Whom it is about: the number, never the name.
    pub person: Option<PersonId>,
    /// Best person's similarity.
    pub similarity: Option<Similarity>,
    /// Best other person's similarity.
    pub other: Option<Similarity>,
    pub margin: Option<f32>,
    pub tau: Option<Tau>,
    /// How many templates were compared.
    pub k: Option<u64>,
    /// Probability that the face is a living one, 0 to 1.
    pub liveness: Option<f32>,
    pub quality: Option<f32>,
    #[serde(serialize_with = "digest")]
    pub detector: Option<Digest>,
    #[serde(serialize_with = "digest")]
    pub encoder: Option<Digest>,
    #[serde(serialize_with = "digests")]
    pub liveness_models: Vec<Digest>,
    #[serde(rename = "timings_ms", serialize_with = "timings")]
    pub timings: Vec<StageTime>,
    /// In words. Nothing personal: no name.
    pub reason: Option<String>,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq)]
pub struct StageTime {
    pub stage: Cow<'static, str>,
    pub ms: f32,
}

/// An event as it stands in the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recorded {
    /// Counted from 1, without a gap.
    pub number: i64,
    #[serde(flatten)]
    pub event: Event,
    /// Of this event and the one before it.
    #[serde(serialize_with = "text")]
    pub hash: Digest,
}

impl Event {
    /// An event of which nothing more is known.
    pub fn new(code: Code, at: Timestamp) -> Event {
        Event {
            code,
            at,
            moment: None,
            visit: None,
            person: None,
            similarity: None,
            other: None,
            margin: None,
            tau: None,
            k: None,
            liveness: None,
            quality: None,
            detector: None,
            encoder: None,
            liveness_models: Vec::new(),
            timings: Vec::new(),
            reason: None,
        }
    }

    /// With a reason in words.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Event {
        self.reason = Some(reason.into());
        self
    }

    /// The values of the columns between `number` and `hash`, as SQLite will give them back.
    pub(super) fn to_row(&self) -> [Value; COLUMNS.len()] {
        let whole = |v: Option<u64>| v.map_or(Value::Null, |v| Value::Integer(i64::try_from(v).unwrap_or(i64::MAX)));
        // + 0.0: SQLite keeps no sign of zero.
        let real = |v: Option<f32>| v.filter(|v| v.is_finite()).map_or(Value::Null, |v| Value::Real(f64::from(v) + 0.0));
        let model = |v: &Option<Digest>| v.map_or(Value::Null, |d| Value::Blob(d.0.to_vec()));
        let timings = serde_json::to_string(&Timings(&self.timings)).map_or(Value::Null, Value::Text);
        let reason = self.reason.as_ref().map(|text| text.chars().take(MOST_REASON).collect());
        [
            Value::Text(self.code.word().to_owned()),
            Value::Integer(self.at.as_microsecond()),
            whole(self.moment.map(Moment::as_ms)),
            whole(self.visit),
            self.person.map_or(Value::Null, |p| Value::Integer(p.0)),
            real(self.similarity.map(|s| s.0)),
            real(self.other.map(|s| s.0)),
            real(self.margin),
            real(self.tau.map(|t| t.0)),
            whole(self.k),
            real(self.liveness),
            real(self.quality),
            model(&self.detector),
            model(&self.encoder),
            if self.liveness_models.is_empty() {
                Value::Null
            } else {
                Value::Blob(self.liveness_models.iter().flat_map(|d| d.0).collect())
            },
            if self.timings.is_empty() { Value::Null } else { timings },
            reason.map_or(Value::Null, Value::Text),
        ]
    }
}

/// The columns of [`Event::to_row`], in its order.
pub(super) const COLUMNS: [&str; 17] = [
    "code",
    "at_us",
    "moment_ms",
    "visit",
    "person",
    "similarity",
    "other",
    "margin",
    "tau",
    "k",
    "liveness",
    "quality",
    "detector",
    "encoder",
    "liveness_models",
    "timings",
    "reason",
];

impl Recorded {
    /// Reads a row of `number`, [`COLUMNS`] and `hash`.
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Recorded> {
        let whole = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(|v| u64::try_from(v).unwrap_or(0)));
        let real = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<f64>>(at)?.map(|v| v as f32));
        let model = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<[u8; 32]>>(at)?.map(Digest));
        let at = Timestamp::from_microsecond(row.get(2)?);
        let many: Option<Vec<u8>> = row.get(15)?;
        let timings: Option<String> = row.get(16)?;
        Ok(Recorded {
            number: row.get(0)?,
            event: Event {
                code: Code::from_word(row.get_ref(1)?.as_str()?),
                at: at.map_err(|e| rusqlite::Error::FromSqlConversionFailure(2, Type::Integer, Box::new(e)))?,
                moment: whole(3)?.map(Moment::from_ms),
                visit: whole(4)?,
                person: row.get::<_, Option<i64>>(5)?.map(PersonId),
                similarity: real(6)?.map(Similarity),
                other: real(7)?.map(Similarity),
                margin: real(8)?,
                tau: real(9)?.map(Tau),
                k: whole(10)?,
                liveness: real(11)?,
                quality: real(12)?,
                detector: model(13)?,
                encoder: model(14)?,
                liveness_models: many.unwrap_or_default().as_chunks::<32>().0.iter().map(|d| Digest(*d)).collect(),
                timings: timings.map(|text| read_timings(&text)).unwrap_or_default(),
                reason: row.get(17)?,
            },
            hash: Digest(row.get(18)?),
        })
    }
}

/// In the order given: serde_json's own map would sort them.
struct Timings<'a>(&'a [StageTime]);

impl Serialize for Timings<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|t| (&t.stage, t.ms)))
    }
}

/// What a newer or altered record says in another form is left out; `verify` looks at the bytes.
fn read_timings(text: &str) -> Vec<StageTime> {
    struct InOrder;
    impl<'de> serde::de::Visitor<'de> for InOrder {
        type Value = Vec<StageTime>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("stages with milliseconds")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut stages = Vec::new();
            while let Some((stage, ms)) = map.next_entry::<String, Option<f32>>()? {
                stages.push(StageTime { stage: stage.into(), ms: ms.unwrap_or(f32::NAN) });
            }
            Ok(stages)
        }
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(text), InOrder).unwrap_or_default()
}

fn text<T: std::fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

fn milliseconds<S: Serializer>(moment: &Option<Moment>, to: S) -> Result<S::Ok, S::Error> {
    moment.map(Moment::as_ms).serialize(to)
}

fn digest<S: Serializer>(digest: &Option<Digest>, to: S) -> Result<S::Ok, S::Error> {
    digest.map(|d| d.to_string()).serialize(to)
}

fn digests<S: Serializer>(digests: &[Digest], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(digests.iter().map(|d| d.to_string()))
}

fn timings<S: Serializer>(timings: &[StageTime], to: S) -> Result<S::Ok, S::Error> {
    Timings(timings).serialize(to)
}
